"""Show all datasets at a glance."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from augment.core.paths import PathPattern
from augment.core.stage import stage
from augment.core.store import whole
from augment.page.overview import write_overview

ABOUT = "A curve over datasets of the same images that each keep another number of every class (scarcity per_class).\n"


@stage(datasets="datasets")
def overview(
    datasets: Mapping[str, Any], *, results: PathPattern, pages: PathPattern, curves: Path, overview: Path
) -> None:
    """Write ``overview``, and its learning curves to ``curves``; remove the reports of datasets that are no more.

    ``results`` and ``pages`` have the blank ``{each}``, which stands for a folder of its own.
    """
    for table in sorted(pages.folder.glob("*/comparison.md")):  # `summary` makes it; whatever else lies there is yours
        report = table.parent
        if report.name not in datasets and (report / "metrics").is_dir():
            shutil.rmtree(report)
            print(f"overview: removed {report}, as params.yaml has no dataset {report.name}")
    drawings = write_overview(overview, datasets, results, pages)
    with whole(curves) as draft:
        draft.mkdir()
        (draft / "about.txt").write_text(ABOUT, encoding="utf-8")  # DVC warns of a folder without a file
        for drawing in drawings:
            (draft / f"{drawing.name}.svg").write_text(drawing.svg, encoding="utf-8")
    print(f"overview: {overview}")
