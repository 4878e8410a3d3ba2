"""Figures as SVG that takes its colours and fonts from the page around it, and is the same for the same figure."""

import html
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.figure import Figure

WIDTH = 400.0
"""Usual width of a figure in its own units, about that of a phone's screen in pixels: there, text keeps its size."""

COLOURS = {
    "ink": "#1c2127",
    "muted": "#59626e",
    "line": "#d8dce2",
    "band": "#eaf1f8",
    "paper": "#fffffe",
    "real": "#0b62a8",
    "merged": "#b54d08",
    "synthetic": "#7d3c98",
    "control": "#0f766e",
}
"""Name of a CSS variable → the colour where no page sets it; each is told apart by its colour alone."""

_UNIT = 1 / 72  # matplotlib measures figures in inches, and SVG has 72 units an inch
_STYLE: Any = {  # matplotlib's type spells out all of its 300 settings
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched, and coloured
    "svg.hashsalt": "augment",
    "text.parse_math": False,  # a class may be called $x$
    "font.size": 11.5,
    "axes.labelsize": 11.0,
    "xtick.labelsize": 11.0,
    "ytick.labelsize": 11.0,
    "legend.fontsize": 11.0,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.titlecolor": COLOURS["ink"],
    "xtick.color": COLOURS["line"],
    "ytick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.labelcolor": COLOURS["ink"],
    "text.color": COLOURS["ink"],
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "lines.linewidth": 1.6,
}


class Drawing(NamedTuple):
    """A figure of the page.

    Attributes:
        name: Unique on the page, letters, digits, ``_`` and ``-`` only.
        svg: One ``<svg>`` element that says in words what is seen.
    """

    name: str
    svg: str


@contextmanager
def canvas(height: float, width: float = WIDTH) -> Iterator[Figure]:
    """Yield an empty figure in the page's style; it must also be saved within the block."""
    with rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the browser's fonts draw the text
        yield Figure(figsize=(width * _UNIT, height * _UNIT), layout="constrained")


def drawing(figure: Figure, name: str, seen: str) -> Drawing:
    """Save a figure.

    Args:
        figure: Made on a `canvas`.
        name: See `Drawing`; made part of every id, as two figures of one page must not share any.
        seen: What a reader who cannot see the figure should know.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return Drawing(name, _themed(_prefixed(_root(buffer.getvalue(), seen), name)))


def _root(svg: str, seen: str) -> str:
    """Keep the element alone: without prolog, size, and a style sheet that would reach the whole page."""
    view = re.search(r'viewBox="[^"]*"', svg)
    body = svg[svg.index("</defs>") + len("</defs>") : svg.rindex("</svg>")]
    assert view  # noqa: S101  # matplotlib always writes one
    style = "font-family: var(--sans, system-ui, sans-serif); stroke-linejoin: round"
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {view[0]} role="img" aria-label="{html.escape(seen)}"'
    return f'{opening} style="{style}">{body}</svg>\n'


def _prefixed(svg: str, name: str) -> str:
    svg = re.sub(r' id="([^"]+)"', rf' id="{name}.\1"', svg)
    svg = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}.\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{name}.\1)", svg)


def _themed(svg: str) -> str:
    svg = re.sub(r" font-family: [^;\"]+;?", "", svg)
    for variable, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable}, {colour})")
    return svg
