"""Write the report of a dataset as one HTML page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from augment.core.paths import PathPattern
from augment.core.stage import Unversioned, stage
from augment.core.store import whole, write_text
from augment.page.overview import write_overview
from augment.page.reading import Places, read_dataset, read_provenance
from augment.page.render import render


@stage(
    seed="seed",
    seeds="seeds",
    runtime="runtime",
    spec="datasets.{dataset}",
    datasets=Unversioned("datasets"),
    synthesizers="synthesizers",
)
def report(
    dataset: str,
    seed: int,
    seeds: int,
    runtime: Any,
    spec: Any,
    datasets: Mapping[str, Any],
    synthesizers: Mapping[str, Sequence[str]],
    *,
    result: Path,
    files: Path,
    confusion: PathPattern,
    grid: PathPattern,
    nearest_train: PathPattern,
    history: PathPattern,
    filmstrip: PathPattern,
    lock: Path,
    costs: Path,
    figures: Path,
    page: Path,
    results: PathPattern,
    pages: PathPattern,
    overview: Path,
) -> None:
    """Write ``page``, its ``figures`` as files of their own, and ``overview`` with what there is of all ``datasets``.

    ``confusion`` to ``filmstrip`` are path patterns, see `Places`; ``results`` and ``pages`` have the blank
    ``{each}``. ``lock`` and ``costs`` tell where the figures come from: they differ from machine to machine, and so
    do ``page`` and ``overview``, but ``figures`` do not.
    """
    places = Places(result, files, confusion, grid, nearest_train, history, filmstrip)
    names = [name for family in synthesizers.values() for name in family]
    settings = {
        "Seeds": f"{seeds} runs of every arm; every random draw derives from seed {seed}",
        "Runtime": ", ".join(f"{name} {getattr(runtime, name)}" for name in ("device", "precision", "threads")),
    }
    origin = read_provenance(dataset, lock, costs, settings)
    drawn = render(read_dataset(dataset, spec, names, places), origin, several=len(datasets) > 1)
    with whole(figures) as draft:
        draft.mkdir()
        for drawing in drawn.drawings:
            (draft / f"{drawing.name}.svg").write_text(drawing.svg, encoding="utf-8")
    write_text(page, drawn.html)
    write_overview(overview, datasets, results, pages)
    print(f"report: {page}")
