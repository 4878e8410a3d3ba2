"""The overview of all datasets: what to do with each, where its page is, and how old that is."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from augment.core.paths import PathPattern
from augment.core.store import write_text
from augment.page import figures, views
from augment.page.content import DatasetResults
from augment.page.environment import environment
from augment.page.reading import read_point
from augment.page.svg import Drawing
from augment.results import sentences, wording

CURVE_POINTS = 2
"""Scarcities from which on a learning curve is drawn."""


class Entry(NamedTuple):
    """A dataset at a glance.

    Attributes:
        name: Of the dataset.
        results: What came of it; None where no run has ended.
        page: Its own page, as the overview links to it; None without one.
        made: When that page was made, e.g. ``26 November 2026, 02:31 UTC``.
    """

    name: str
    results: DatasetResults | None
    page: str | None
    made: str | None


def write_overview(path: Path, datasets: Mapping[str, Any], results: PathPattern, pages: PathPattern) -> list[Drawing]:
    """Write the overview of what there is, and give its figures.

    A dataset without results, as its run failed or is still to end, is named as such and costs the others nothing.

    Args:
        path: Where to write.
        datasets: Name → its block of ``params.yaml``.
        results: Where the record of a dataset is, with the blank ``{each}``.
        pages: Where its page is, with the same blank.
    """
    entries = [_entry(path, name, spec, results, pages) for name, spec in datasets.items()]
    curves = [figures.learning_curve(members) for members in families(each.results for each in entries if each.results)]
    write_text(path, render(entries, curves))
    return curves


def render(entries: Iterable[Entry], curves: Iterable[Drawing]) -> str:
    """Make the page."""
    return (
        environment()
        .get_template("overview.html.jinja")
        .render(entries=list(entries), curves=list(curves), sentences=sentences, views=views, wording=wording)
    )


def _entry(path: Path, name: str, spec: Any, results: PathPattern, pages: PathPattern) -> Entry:
    result, page = results.at(each=name), pages.at(each=name)
    made = datetime.fromtimestamp(page.stat().st_mtime, UTC) if page.is_file() else None
    return Entry(
        name,
        read_point(name, spec, result) if result.is_file() else None,
        page.relative_to(path.parent).as_posix() if made else None,
        made.strftime("%d %B %Y, %H:%M UTC") if made else None,
    )


def families(datasets: Iterable[DatasetResults]) -> list[list[DatasetResults]]:
    """Group datasets that differ in the number of training images a class, fewest first."""
    found: dict[str, dict[int, DatasetResults]] = {}
    for results in datasets:
        if results.per_class is not None and results.result.judged:
            found.setdefault(results.family, {}).setdefault(results.per_class, results)
    return [[members[size] for size in sorted(members)] for members in found.values() if len(members) >= CURVE_POINTS]
