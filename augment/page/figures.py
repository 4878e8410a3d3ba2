"""The page's figures."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from augment.page.content import DatasetResults
from augment.page.svg import COLOURS, Drawing, canvas, drawing
from augment.page.views import MOST_DRAWN
from augment.results.kinds import ArmKind, Baseline, Effect, PartKind, Role
from augment.results.record import ArmResult, Interval, Result
from augment.results.wording import cannot_tell, detected

LOOKS = {
    ArmKind.REAL: ("real", "o"),
    ArmKind.EMPTY_MIX: ("real", "o"),
    ArmKind.MERGED: ("merged", "s"),
    ArmKind.SYNTHETIC: ("synthetic", "D"),
    ArmKind.CONTROL: ("control", "^"),
}
"""Colour and shape of each kind of training set: not everyone tells colours apart."""

ROW, AXIS = 17.0, 52.0
"""Height of a row of a figure, and of the axis below it."""

PANEL = 220.0
"""Width of a panel of curves, several of which stand side by side."""

LONGEST_NAME = 22

NOTHING_TO_SEE = 30.0
"""Points that the scale of differences goes to where none can be told."""

PANELS = {
    "label fidelity": {"label_fidelity": "mean", "lowest_label_fidelity": "lowest class"},
    "precision and recall": {"precision": "precision", "recall": "recall"},
    "coverage and density": {"coverage": "coverage", "density": "density"},
    "Fréchet distance": {"frechet_distance": "all classes", "frechet_joint_distance": "with labels"},
    "kernel distance": {"kernel_distance": ""},
}
"""Panel → figure of a history → its name within the panel. The others share a panel by their first word."""


def accuracy(result: Result) -> Drawing:
    """Draw every arm's test accuracy with its interval; a dashed line for the plain real arm."""
    found = {arm.name: arm.scores["accuracy"].interval for arm in result.arms}
    ordered = sorted(result.arms, key=lambda arm: arm.scores["accuracy"].mean)
    worst, best = ordered[0], ordered[-1]
    seen = (
        f"Test accuracy of {len(result.arms)} arms with 95 % intervals, from {worst.scores['accuracy'].mean:.1%} of "
        f"{worst.name} to {best.scores['accuracy'].mean:.1%} of {best.name}. The table of arms holds all figures."
    )
    middle = result.reference.scores["accuracy"].mean
    return _by_arm(result, found, set(found), middle, "test accuracy %", f"{result.dataset}-accuracy", seen)


def difference(result: Result, baseline: Baseline, words: str) -> Drawing:
    """Draw every arm's paired difference to a baseline; filled where it is detected.

    One that is too uncertain to tell anything says so in the place of its interval.

    Args:
        result: Of the dataset.
        baseline: What all are compared with.
        words: What it is.
    """
    compared = {arm.name: arm.against[baseline] for arm in result.arms if baseline in arm.against}
    better, worse, neither = (
        sum(each.effect is effect for each in compared.values())
        for effect in (Effect.HELPS, Effect.HURTS, Effect.NO_EFFECT)
    )
    seen = (
        f"Difference in test accuracy of each arm to {words} with 95 % intervals: {better} detectably better, {worse} "
        f"detectably worse, {neither} with no detectable difference. The table of arms holds all figures."
    )
    found = {name: each.difference for name, each in compared.items()}
    filled = {name for name, each in compared.items() if detected(each)}
    title, name = "difference, accuracy points", f"{result.dataset}-difference-{baseline.value}"
    return _by_arm(result, found, filled, 0.0, title, name, seen)


def _by_arm(
    result: Result,
    found: Mapping[str, Interval | None],
    filled: set[str],
    middle: float,
    title: str,
    name: str,
    seen: str,
) -> Drawing:
    heights, labels, bold = _rows(result.arms)
    with canvas(ROW * (max(labels) + 1) + AXIS) as figure:
        axes = figure.subplots()
        for arm, height in zip(result.arms, heights, strict=True):
            if arm is result.use:
                axes.axhspan(height - 0.5, height + 0.5, color=COLOURS["band"], linewidth=0, zorder=0)
            if interval := found.get(arm.name):
                if middle == 0 and cannot_tell(interval):
                    _say(axes, height, "cannot tell")
                else:
                    _interval(axes, height, interval, arm.kind, arm.name in filled)
        axes.axvline(middle * 100, color=COLOURS["muted"], linewidth=1, dashes=(4, 3), zorder=1)
        if not any(interval and not cannot_tell(interval) for interval in found.values()):
            axes.set_xlim(-NOTHING_TO_SEE, NOTHING_TO_SEE)
        _name_rows(axes, labels, bold)
        axes.set_xlabel(title)
        return drawing(figure, name, seen)


def _say(axes: Axes, height: float, words: str) -> None:
    """Write at the right edge of a row, whatever its scale."""
    place = axes.get_yaxis_transform()
    axes.text(0.99, height, words, ha="right", va="center", fontsize=10, color=COLOURS["muted"], transform=place)


def _rows(arms: Sequence[ArmResult]) -> tuple[list[int], dict[int, str], set[int]]:
    """Place arms below the name of their training set; give each arm's height, every row's label, which are names."""
    heights, labels, names = [], dict[int, str](), set[int]()
    for train_set, members in groupby(arms, key=lambda arm: arm.train_set):
        names.add(len(labels))
        labels[len(labels)] = _short(train_set)
        for arm in members:
            heights.append(len(labels))
            labels[len(labels)] = _short(arm.recipe.replace("_", " "))
    return heights, labels, names


def _name_rows(axes: Axes, labels: Mapping[int, str], bold: set[int]) -> None:
    axes.set_yticks(list(labels), list(labels.values()))
    for height, label in zip(labels, axes.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if height in bold else "normal")
    axes.set_ylim(max(labels) + 0.6, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _interval(axes: Axes, height: float, interval: Interval, kind: ArmKind, filled: bool) -> None:
    colour = COLOURS[LOOKS[kind][0]]
    axes.plot([interval.low * 100, interval.high * 100], [height, height], color=colour, solid_capstyle="round")
    face = colour if filled else COLOURS["paper"]
    shape = LOOKS[kind][1]
    axes.plot(
        interval.mean * 100, height, shape, color=colour, markerfacecolor=face, markersize=6.5, markeredgewidth=1.6
    )


def recall(result: Result) -> Drawing | None:
    """Draw each class's difference in recall, chosen arm against the best without synthesis; the largest if many.

    Of many classes, those are left out whose test images are too few to tell; None where that is all of them.
    """
    measured = [(part, part.difference) for part in result.parts if part.kind is PartKind.CLASS and part.difference]
    telling = [pair for pair in measured if not cannot_tell(pair[1])]
    if not telling or result.chosen is None:
        return None
    largest = sorted(telling, key=lambda pair: -abs(pair[1].mean))[:MOST_DRAWN]
    shown = measured if len(measured) <= MOST_DRAWN else [pair for pair in measured if pair in largest]
    labels = {row: f"{_short(part.name)} ({part.train_before})" for row, (part, _) in enumerate(shown)}
    with canvas(ROW * len(shown) + AXIS) as figure:
        axes = figure.subplots()
        for height, (part, found) in enumerate(shown):
            if cannot_tell(found):
                _say(axes, height, "cannot tell")
            else:
                _interval(axes, height, found, ArmKind.MERGED, part.detected)
        axes.axvline(0, color=COLOURS["muted"], linewidth=1, dashes=(4, 3), zorder=1)
        _name_rows(axes, labels, set())
        axes.set_xlabel("difference in recall, points")
        changed = [part.name for part, _ in measured if part.detected]
        said = f"detectably changed: {', '.join(changed)}" if changed else "none is detectably changed"
        arms = f"{result.chosen.name} against {result.best_real.name}"
        seen = f"Difference in recall of {len(shown)} of {len(measured)} classes with 95 % intervals, {arms}; {said}."
        return drawing(figure, f"{result.dataset}-recall", seen)


ROLES = {
    Role.REFERENCE: ("plain real arm", "muted", "o", (1.0, 2.0)),
    Role.BEST_REAL: ("best without synthesis", "real", "o", (None, None)),
    Role.CHOSEN: ("best with synthesis", "merged", "s", (None, None)),
    Role.RELEASE: ("synthetic images alone", "synthetic", "D", (5.0, 2.0)),
}


def learning_curve(members: Sequence[DatasetResults]) -> Drawing:
    """Draw accuracy over training images a class, for the arm that plays each role at each size.

    Args:
        members: Datasets of one source, each with its own `per_class`.
    """
    sizes = [results.per_class or 0 for results in members]
    with canvas(300) as figure:
        axes = figure.subplots()
        for number, role in enumerate(ROLES):
            _curve(axes, members, role, 1.03 ** (number - 1.5))  # side by side, or the intervals hide each other
        axes.set_xscale("log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("training images a class")
        axes.set_ylabel("test accuracy %")
        axes.grid(axis="y")
        figure.legend(loc="outside upper left", ncols=2, handlelength=1.8)
        names = ", ".join(results.result.dataset for results in members)
        seen = f"Test accuracy with 95 % intervals over {', '.join(map(str, sizes))} training images a class: {names}."
        return drawing(figure, f"curve-{members[0].result.dataset}", seen)


def _curve(axes: Axes, members: Sequence[DatasetResults], role: Role, shift: float) -> None:
    """Draw the points of one role; an arm may play several."""
    label, colour, marker, dashes = ROLES[role]
    points = {}
    for results in members:
        arm = results.result.playing(role)
        interval = arm.scores["accuracy"].interval if arm else None
        if interval and results.per_class:
            points[results.per_class * shift] = [interval.mean * 100, interval.low * 100, interval.high * 100]
    if points:
        mean, low, high = np.asarray(list(points.values())).T
        spread = np.stack([mean - low, high - mean])
        line = axes.errorbar(list(points), mean, spread, color=COLOURS[colour], marker=marker, label=label)[0]
        line.set_dashes(dashes)


def history(name: str, table: pd.DataFrame) -> list[Drawing]:
    """Draw a synthesizer's losses and quality over its training, one small figure a kind; none for a single step."""
    if table["step"].nunique() < 2:
        return []
    panels = _panels(list(dict.fromkeys(table["figure"])))
    return [_curves(f"{name}-{next(iter(lines))}", title, lines, table) for title, lines in panels.items()]


def _panels(figures: Sequence[str]) -> dict[str, dict[str, str]]:
    panels = {title: {f: n for f, n in lines.items() if f in figures} for title, lines in PANELS.items()}
    named = {figure for lines in PANELS.values() for figure in lines}
    for figure in figures:
        if figure not in named:
            first, _, rest = figure.partition("_")
            panels.setdefault(first, {})[figure] = rest.replace("_", " ")
    return {title: lines for title, lines in panels.items() if lines}


def _curves(name: str, title: str, lines: Mapping[str, str], table: pd.DataFrame) -> Drawing:
    colours = [COLOURS[part] for part in ("real", "merged", "synthetic", "muted")]
    ends = []
    with canvas(150.0, PANEL) as figure:
        axes = figure.subplots()
        for number, (figure_name, label) in enumerate(lines.items()):
            part = table[table["figure"] == figure_name]
            dashes = (4, 2) if number % 2 else (None, None)
            axes.plot(part["step"], part["value"], color=colours[number % 4], linewidth=1.4, dashes=dashes, label=label)
            ends.append(f"{label} {part['value'].iloc[0]:.2f} to {part['value'].iloc[-1]:.2f}".strip())
        axes.set_title(title)
        axes.tick_params(labelsize=9.5)
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.grid(axis="y")
        axes.set_xlabel("step", fontsize=9.5)
        if any(lines.values()):
            axes.legend(fontsize=9.5, handlelength=1.5, labelcolor=COLOURS["muted"], borderaxespad=0.0)
        seen = f"{title} from step {table['step'].min()} to {table['step'].max()}: {', '.join(ends)}."
        return drawing(figure, name, seen)


def _short(name: str) -> str:
    """Cut a long name in its middle: names of classes often begin alike."""
    kept = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:kept].rstrip()}…{name[-kept:].lstrip()}"
