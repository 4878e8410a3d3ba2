"""The page itself: for each dataset a figure over time, and a table of what was found and what was new."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from jinja2 import ChoiceLoader, DictLoader
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from augment.core.store import write_text
from augment.history.points import History, Outcome, Point
from augment.page.environment import environment
from augment.page.svg import COLOURS, Drawing, canvas, drawing
from augment.page.views import TONES, Badge

TEMPLATE = "history.html.jinja"
LINES = {"without": ("real", "o", "without synthesis"), "with_": ("merged", "s", "with synthesis")}
"""Attribute of an outcome → colour, shape and name of its line."""
MOST_DATES = 6
HEIGHT, WIDTH = 230.0, 640.0


def write(points: str, page: Path) -> None:
    """Write a page that asks for nothing else of the points on standard input; `python -m pipelines history` does."""
    write_text(page, render(History.read(points)))
    print(f"As a page, in any browser: {page}")


def render(history: History) -> str:
    """Make the page."""
    pages = environment()
    own = resources.files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    loaders = [DictLoader({TEMPLATE: own}), *([pages.loader] if pages.loader else [])]
    template = pages.overlay(loader=ChoiceLoader(loaders)).get_template(TEMPLATE)
    return template.render(datasets=history.root, figure=figure, badge=badge, points_of=in_points)


def badge(outcome: Outcome) -> Badge:
    """Give the sign of a verdict's word."""
    known = {effect.value: looks for effect, looks in TONES.items()}
    tone, sign = known.get(outcome.word, ("neutral", "–"))
    return Badge(tone, sign, outcome.word)


def in_points(mean: float, low: float, high: float, sign: str = "") -> str:
    """Write a share and its interval in points."""
    return f"{100 * mean:{sign}.1f} [{100 * low:{sign}.1f}, {100 * high:{sign}.1f}]"


def figure(dataset: str, points: Sequence[Point]) -> Drawing | None:
    """Draw what test says with and without synthesis, run by run; dashed lines where the verdict changed.

    Experiments stand aside: their signs are hollow, and no line leads to them. None where nothing is to be drawn.
    """
    known = [
        (place, point, point.record) for place, point in enumerate(points) if point.record and point.record.without
    ]
    if not known:
        return None
    endpoints = sorted({outcome.endpoint for _, _, outcome in known})
    changed = [(place, outcome.word) for place, point, outcome in known if point.verdict_changed]
    with canvas(HEIGHT, WIDTH) as made:
        axes = made.add_subplot()
        for name, (colour, shape, label) in LINES.items():
            _line(axes, known, name, COLOURS[colour], shape, label)
        for place, word in changed:
            axes.axvline(place, color=COLOURS["muted"], linestyle="--", linewidth=1)
            axes.annotate(
                word,
                (place, 1),
                xycoords=("data", "axes fraction"),
                xytext=(3, -9),
                textcoords="offset points",
                color=COLOURS["muted"],
                fontsize=9,
            )
        dates = [known[round(k * (len(known) - 1) / MOST_DATES)][0] for k in range(MOST_DATES + 1)]
        axes.xaxis.set_major_locator(FixedLocator(shown := sorted(set(dates))))
        axes.set_xticklabels([points[place].when[:10] for place in shown])
        axes.set_ylabel(f"test {' / '.join(endpoints).replace('_', ' ')} %")
        axes.grid(axis="y")
        margin = max(0.6, 0.08 * (known[-1][0] - known[0][0]))  # a single run would else be drawn as wide as all
        axes.set_xlim(known[0][0] - margin, known[-1][0] + margin)
        made.legend(loc="outside upper left", ncols=2)
        words = ", ".join(f"{word} from {points[place].day} on" for place, word in changed) or "none"
        seen = f"{' and '.join(endpoints)} of the best arms with and without synthesis over {len(known)} runs, "
        seen += (
            f"from {known[0][1].day} to {known[-1][1].day}. Changes of the verdict: {words}. The table has all figures."
        )
        return drawing(made, f"history-{dataset}", seen)


def _line(
    axes: Axes, known: Sequence[tuple[int, Point, Outcome]], name: str, colour: str, shape: str, label: str
) -> None:
    found = [(place, point, getattr(outcome, name)) for place, point, outcome in known if getattr(outcome, name)]
    shift = -0.06 if name == "without" else 0.06  # so that one interval does not hide the other
    line = [(place + shift, 100 * score.mean) for place, point, score in found if not point.aside]
    axes.plot(*zip(*line, strict=True), color=colour, marker=shape, label=label) if line else None
    for place, point, score in found:
        spread = [[100 * (score.mean - score.low)], [100 * (score.high - score.mean)]]
        fill = COLOURS["paper"] if point.aside else colour
        axes.errorbar(
            place + shift, 100 * score.mean, spread, fmt=shape, color=colour, markerfacecolor=fill, elinewidth=1
        )
