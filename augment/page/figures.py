"""The page's figures, from the tables that `compare` wrote."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from augment.core.images import FloatArray
from augment.evaluation.contests import Outcome
from augment.evaluation.significance import ALPHA
from augment.page.content import DatasetResults
from augment.page.svg import COLOURS, Drawing, canvas, drawing

MARKERS = {"real": "o", "merged": "s", "synthetic": "D", "control": "^"}
"""A shape a kind of training set beside its colour: not everyone tells colours apart."""

ROW, AXIS = 17.0, 52.0
"""Height of a row of a figure, and of the axis below it."""

PANEL = 220.0
"""Width of a panel of curves, several of which stand side by side."""

MOST_CLASSES, LONGEST_NAME = 30, 22

PANELS = {
    "label fidelity": {"label_fidelity": "mean", "lowest_label_fidelity": "lowest class"},
    "precision and recall": {"precision": "precision", "recall": "recall"},
    "coverage and density": {"coverage": "coverage", "density": "density"},
    "Fréchet distance": {"frechet_distance": "all classes", "frechet_joint_distance": "with labels"},
    "kernel distance": {"kernel_distance": ""},
}
"""Panel → figure of a history → its name within the panel. The others share a panel by their first word."""


def accuracy(results: DatasetResults) -> Drawing:
    """Draw every arm's test accuracy with its interval; a dashed line for the plain real arm."""
    arms = results.arms
    ordered = arms.sort_values("accuracy").to_dict("records")
    worst, best = ordered[0], ordered[-1]
    seen = (
        f"Test accuracy of {len(arms)} arms with 95 % intervals, from {worst['accuracy']:.1%} of {worst['arm']} "
        f"to {best['accuracy']:.1%} of {best['arm']}. The table of arms holds all figures."
    )
    columns = ("accuracy", "accuracy_low", "accuracy_high")
    return _by_arm(results, columns, None, "test accuracy %", f"{results.name}-accuracy", seen)


def difference(results: DatasetResults, rival: str, columns: str) -> Drawing:
    """Draw every arm's paired difference to a rival; filled where it is detected.

    Args:
        results: Of the dataset.
        rival: What all are compared with, in words.
        columns: Ending of the rival's columns, ``real``, ``best_real`` or ``same_recipe``.
    """
    found = results.arms[f"outcome_{columns}"]
    better, worse, neither = (sum(found == each) for each in (Outcome.HELPS, Outcome.HURTS, Outcome.NO_EFFECT))
    seen = (
        f"Difference in test accuracy of each arm to {rival} with 95 % intervals: {better} detectably better, {worse} "
        f"detectably worse, {neither} with no detectable difference. The table of arms holds all figures."
    )
    names = (f"to_{columns}", f"low_{columns}", f"high_{columns}")
    title, name = "difference, accuracy points", f"{results.name}-difference-{columns}"
    return _by_arm(results, names, f"outcome_{columns}", title, name, seen)


def _by_arm(
    results: DatasetResults, columns: tuple[str, str, str], outcome: str | None, title: str, name: str, seen: str
) -> Drawing:
    heights, labels, bold = _rows(results.arms)
    with canvas(ROW * (max(labels) + 1) + AXIS) as figure:
        axes = figure.subplots()
        for (_, arm), height in zip(results.arms.iterrows(), heights, strict=True):
            if arm["arm"] == results.verdict["use"]["arm"]:
                axes.axhspan(height - 0.5, height + 0.5, color=COLOURS["band"], linewidth=0, zorder=0)
            filled = outcome is None or arm[outcome] != Outcome.NO_EFFECT
            _interval(axes, height, arm[list(columns)].to_numpy(dtype=float) * 100, arm["kind"], filled)
        middle = results.arms.loc[results.arms["arm"] == results.verdict["reference"], "accuracy"].iloc[0] * 100
        axes.axvline(0.0 if outcome else middle, color=COLOURS["muted"], linewidth=1, dashes=(4, 3), zorder=1)
        _name_rows(axes, labels, bold)
        axes.set_xlabel(title)
        return drawing(figure, name, seen)


def _rows(arms: pd.DataFrame) -> tuple[list[int], dict[int, str], set[int]]:
    """Place arms below the name of their training set; give each arm's height, every row's label, which are names."""
    heights, labels, names = [], dict[int, str](), set[int]()
    for train_set, members in arms.groupby("train_set", sort=False):
        names.add(len(labels))
        labels[len(labels)] = str(train_set)
        for recipe in members["recipe"]:
            heights.append(len(labels))
            labels[len(labels)] = recipe.replace("_", " ")
    return heights, labels, names


def _name_rows(axes: Axes, labels: Mapping[int, str], bold: set[int]) -> None:
    axes.set_yticks(list(labels), [_short(label) for label in labels.values()])
    for height, label in zip(labels, axes.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if height in bold else "normal")
    axes.set_ylim(max(labels) + 0.6, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _interval(axes: Axes, height: float, values: FloatArray, part: str, filled: bool) -> None:
    mean, low, high = values
    if np.isnan(mean):
        return
    colour = COLOURS[part]
    axes.plot([low, high], [height, height], color=colour, solid_capstyle="round")
    face = colour if filled else COLOURS["paper"]
    axes.plot(mean, height, MARKERS[part], color=colour, markerfacecolor=face, markersize=6.5, markeredgewidth=1.6)


def recall(results: DatasetResults) -> Drawing | None:
    """Draw each class's difference in recall, chosen arm against the best without synthesis; the largest if many."""
    chosen, rival = results.verdict["chosen"], results.verdict["best_without_synthesis"]
    table = results.recall.query("arm == @chosen and rival == @rival and kind == 'class'").dropna(subset="difference")
    if table.empty:
        return None
    shown = table.loc[table["difference"].abs().nlargest(MOST_CLASSES).index.sort_values()]
    real = results.recall.query("arm == @rival and kind == 'class'").drop_duplicates("name").set_index("name")
    labels = {row: f"{_short(name)} ({real['train_images'][name]})" for row, name in enumerate(shown["name"])}
    with canvas(ROW * len(shown) + AXIS) as figure:
        axes = figure.subplots()
        for height, (_, row) in enumerate(shown.iterrows()):
            values = row[["difference", "low", "high"]].to_numpy(dtype=float) * 100
            _interval(axes, height, values, "merged", row["p_holm"] <= ALPHA)
        axes.axvline(0, color=COLOURS["muted"], linewidth=1, dashes=(4, 3), zorder=1)
        _name_rows(axes, labels, set())
        axes.set_xlabel("difference in recall, points")
        changed = table.loc[table["p_holm"] <= ALPHA, "name"]
        said = f"detectably changed: {', '.join(changed)}" if len(changed) else "none is detectably changed"
        seen = f"Difference in recall of {len(shown)} classes with 95 % intervals, {chosen} against {rival}; {said}."
        return drawing(figure, f"{results.name}-recall", seen)


ROLES = {
    "reference": ("plain real arm", "muted", "o", (1.0, 2.0)),
    "best without synthesis": ("best without synthesis", "real", "o", (None, None)),
    "chosen": ("best with synthesis", "merged", "s", (None, None)),
    "release": ("synthetic images alone", "synthetic", "D", (5.0, 2.0)),
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
        names = ", ".join(results.name for results in members)
        seen = f"Test accuracy with 95 % intervals over {', '.join(map(str, sizes))} training images a class: {names}."
        return drawing(figure, f"curve-{members[0].name}", seen)


def _curve(axes: Axes, members: Sequence[DatasetResults], role: str, shift: float) -> None:
    """Draw the points of one role; an arm may play several."""
    label, colour, marker, dashes = ROLES[role]
    points = {}
    for results in members:
        arms = results.arms[results.arms["role"].str.split(", ").map(lambda roles: role in roles)]
        if len(arms) and results.per_class:
            points[results.per_class * shift] = arms[["accuracy", "accuracy_low", "accuracy_high"]].to_numpy()[0] * 100
    if points:
        mean, low, high = np.stack(list(points.values())).T
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
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
