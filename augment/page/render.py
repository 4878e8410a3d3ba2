"""The page itself: one HTML file that asks for nothing else."""

import base64
import re
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources
from itertools import chain
from typing import NamedTuple

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from augment.page import figures, provenance, views
from augment.page.content import DatasetResults, Provenance
from augment.page.svg import Drawing
from augment.results import sentences, tables, wording
from augment.results.arm_figures import ARM_FIGURES
from augment.results.kinds import Baseline
from augment.results.record import Result

CURVE_POINTS = 2
"""Scarcities from which on a learning curve is drawn."""


class Page(NamedTuple):
    """The page, and its figures as files of their own."""

    html: str
    drawings: list[Drawing]


class Drawn(NamedTuple):
    """A dataset and its figures."""

    results: DatasetResults
    accuracy: Drawing
    differences: dict[str, Drawing]
    recall: Drawing | None
    histories: dict[str, list[Drawing]]

    @property
    def id(self) -> str:
        """The dataset's place on the page; its bare name might be that of another place."""
        return f"dataset-{self.result.dataset}"

    @property
    def result(self) -> Result:
        """Its figures."""
        return self.results.result

    @property
    def drawings(self) -> list[Drawing]:
        """All of them."""
        recall = [self.recall] if self.recall else []
        return [self.accuracy, *self.differences.values(), *recall, *chain(*self.histories.values())]


def render(datasets: Sequence[DatasetResults], origin: Provenance) -> Page:
    """Make the page.

    Args:
        datasets: At least one.
        origin: Where the figures come from.
    """
    drawn = [_draw(results) for results in datasets]
    curves = [figures.learning_curve(members) for members in families(datasets)]
    template = _environment().get_template("page.html.jinja")
    html = template.render(
        datasets=drawn,
        curves=curves,
        effects=Counter(results.result.effect for results in datasets),
        origin=origin,
        provenance=provenance,
        views=views,
        tables=tables,
        sentences=sentences,
        wording=wording,
        arm_figures=ARM_FIGURES,
    )
    return Page(html, [*curves, *(drawing for each in drawn for drawing in each.drawings)])


def families(datasets: Iterable[DatasetResults]) -> list[list[DatasetResults]]:
    """Group datasets that differ in the number of training images a class, fewest first."""
    found: dict[str, dict[int, DatasetResults]] = {}
    for results in datasets:
        if results.per_class is not None:
            found.setdefault(results.family, {}).setdefault(results.per_class, results)
    return [[members[size] for size in sorted(members)] for members in found.values() if len(members) >= CURVE_POINTS]


def _draw(results: DatasetResults) -> Drawn:
    result = results.result
    histories = {
        each.name: [] if each.history is None else figures.history(f"{result.dataset}-{each.name}", each.history)
        for each in results.pictures
    }
    words = {
        Baseline.REFERENCE: result.reference.name,
        Baseline.BEST_REAL: result.best_real.name,
        Baseline.SAME_RECIPE: "the same recipe on real images",
    }
    return Drawn(
        results,
        figures.accuracy(result),
        {words[baseline]: figures.difference(result, baseline, words[baseline]) for baseline in result.baselines},
        figures.recall(result),
        histories,
    )


def _environment() -> Environment:
    """A template's unknown name is an error; whatever data it is given is escaped."""
    here = resources.files(__package__)
    environment = Environment(
        loader=FunctionLoader(lambda name: here.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "drawn": _drawn,
        "code": _code,
        "minus": _minus,
        "embedded": _embedded,
        "breakable": _breakable,
    }
    return environment


def _drawn(drawing: Drawing) -> Markup:
    return Markup(drawing.svg)  # noqa: S704  # matplotlib has escaped what it was given


def _code(text: str) -> Markup:
    """Escape a sentence; set what stands between backticks as code, and minus signs as such."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", _minus(str(escape(text)))))  # noqa: S704  # escaped just now


def _minus(text: str) -> str:
    """Write a typographer's minus, which is as wide as the plus, before figures."""
    return re.sub(r"(?<![\w`])-(?=\d)", "−", text)


def _breakable(text: str) -> Markup:
    """Let the name of an arm go on in the next line after its training set."""
    return Markup(re.sub(r"(?<!<)/", "/<wbr>", str(escape(text))))  # noqa: S704  # escaped just now


def _embedded(png: bytes) -> Markup:
    """Give the attributes of an image that holds the picture itself; its size keeps the page from jumping."""
    width, height = struct.unpack(">II", png[16:24])
    data = base64.b64encode(png).decode("ascii")
    return Markup(f'src="data:image/png;base64,{data}" width="{width}" height="{height}"')  # noqa: S704  # base64
