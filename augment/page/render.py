"""The page of a dataset: one HTML file that asks for nothing else."""

from itertools import chain
from typing import NamedTuple

from augment.page import figures, provenance, views
from augment.page.content import DatasetResults, Provenance
from augment.page.environment import environment
from augment.page.svg import Drawing
from augment.results import cell_table, sentences, tables, wording
from augment.results.arm_figures import ARM_FIGURES
from augment.results.kinds import Baseline
from augment.results.record import Result


class Page(NamedTuple):
    """The page, and its figures as files of their own."""

    html: str
    drawings: list[Drawing]


class Drawn(NamedTuple):
    """A dataset and its figures; none of arms where there are none."""

    results: DatasetResults
    accuracy: Drawing | None
    differences: dict[str, Drawing]
    recall: Drawing | None
    histories: dict[str, list[Drawing]]

    @property
    def result(self) -> Result:
        """Its figures."""
        return self.results.result

    @property
    def drawings(self) -> list[Drawing]:
        """All of them."""
        single = [each for each in (self.accuracy, self.recall) if each]
        return [*single, *self.differences.values(), *chain(*self.histories.values())]


def render(results: DatasetResults, origin: Provenance, several: bool = False) -> Page:
    """Make the page.

    Args:
        results: What came of the dataset.
        origin: Where its figures come from.
        several: Whether there are more datasets, and so an overview worth a link.
    """
    drawn = _draw(results)
    html = (
        environment()
        .get_template("page.html.jinja")
        .render(
            each=drawn,
            result=drawn.result,
            several=several,
            origin=origin,
            provenance=provenance,
            views=views,
            tables=tables,
            cells=cell_table.cells,
            sentences=sentences,
            wording=wording,
            arm_figures=ARM_FIGURES,
        )
    )
    return Page(html, drawn.drawings)


def _draw(results: DatasetResults) -> Drawn:
    result = results.result
    histories = {
        each.name: [] if each.history is None else figures.history(f"{result.dataset}-{each.name}", each.history)
        for each in results.pictures
    }
    if not result.judged:
        return Drawn(results, None, {}, None, histories)
    words = {
        Baseline.REFERENCE: result.reference.name,
        Baseline.BEST_REAL: result.best_real.name,
        Baseline.SAME_RECIPE: "the same recipe on real images",
        Baseline.HARDEST_REAL: f"{result.hardest_real}, the real arm best on test",
    }
    compared = [each for each in result.baselines if any(arm.against.get(each) for arm in result.arms)]
    return Drawn(
        results,
        figures.accuracy(result),
        {words[baseline]: figures.difference(result, baseline, words[baseline]) for baseline in compared},
        figures.recall(result),
        histories,
    )
