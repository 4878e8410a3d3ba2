"""Write the report as one HTML page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from augment.core.paths import PathPattern
from augment.core.stage import stage
from augment.core.store import whole, write_text
from augment.page.reading import Places, read_dataset, read_provenance
from augment.page.render import render


@stage(seed="seed", seeds="seeds", runtime="runtime", datasets="datasets", synthesizers="synthesizers")
def report(
    seed: int,
    seeds: int,
    runtime: Any,
    datasets: Mapping[str, Any],
    synthesizers: Mapping[str, Sequence[str]],
    *,
    result: PathPattern,
    confusion: PathPattern,
    grid: PathPattern,
    nearest_train: PathPattern,
    history: PathPattern,
    filmstrip: PathPattern,
    lock: Path,
    costs: Path,
    figures: Path,
    page: Path,
) -> None:
    """Write ``page``, and its ``figures`` as files of their own.

    ``result`` to ``filmstrip`` are path patterns, see `Places`. ``lock`` and ``costs`` tell where the figures come
    from: they differ from machine to machine, and so does ``page``, but ``figures`` do not.
    """
    places = Places(result, confusion, grid, nearest_train, history, filmstrip)
    names = [name for family in synthesizers.values() for name in family]
    results = [read_dataset(name, spec, names, places) for name, spec in datasets.items()]
    settings = {
        "Seeds": f"{seeds} runs of every arm; every random draw derives from seed {seed}",
        "Runtime": ", ".join(f"{name} {getattr(runtime, name)}" for name in ("device", "precision", "threads")),
    }
    drawn = render(results, read_provenance(lock, costs, settings))
    with whole(figures) as draft:
        draft.mkdir()
        for drawing in drawn.drawings:
            (draft / f"{drawing.name}.svg").write_text(drawing.svg, encoding="utf-8")
    write_text(page, drawn.html)
    print(f"report: {page}")
