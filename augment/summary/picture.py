"""The arms' accuracies as a picture."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from augment.results.kinds import ArmKind
from augment.results.record import Result

REAL_COLOUR, SYNTHETIC_COLOUR = "#1f5a94", "#c2571a"


def accuracy_figure(results: Mapping[str, Result]) -> Figure:
    """Draw test accuracy per arm, one panel a dataset: every run, the mean, its 95 % interval over runs and images."""
    tallest = max(1, *(len(result.arms) for result in results.values()))
    size = (8.0, len(results) * (0.42 * tallest + 1.3))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(results), 1, squeeze=False)[:, 0]
    for axes, result in zip(panels, results.values(), strict=True):
        _panel(axes, result)
    return figure


def _panel(axes: Axes, result: Result) -> None:
    if not result.judged:
        axes.set_title(f"{result.dataset}: no arm on real images could be trained", fontsize=10, loc="left")
        axes.set_axis_off()
        return
    for height, arm in enumerate(reversed(result.arms)):
        interval, runs = arm.scores["accuracy"].interval, np.asarray(arm.accuracy_of_runs)
        colour = REAL_COLOUR if arm.kind in (ArmKind.REAL, ArmKind.EMPTY_MIX) else SYNTHETIC_COLOUR
        if interval:
            half = [[(interval.mean - interval.low) * 100], [(interval.high - interval.mean) * 100]]
            axes.errorbar(interval.mean * 100, height, xerr=half, fmt="o", color=colour, capsize=4, markersize=7)
        spread = np.linspace(-0.18, 0.18, len(runs))
        axes.plot(runs * 100, height + spread, ".", color=colour, alpha=0.45, markersize=5)
    middle = result.reference.scores["accuracy"].mean
    axes.axvline(middle * 100, color="0.6", linewidth=1, linestyle="--")
    axes.set_yticks(range(len(result.arms)), [arm.name for arm in reversed(result.arms)])
    axes.set_ylim(-0.6, len(result.arms) - 0.4)
    axes.set_title(f"{result.dataset}: blue trains on real images only, orange on others", fontsize=10, loc="left")
    axes.set_xlabel("test accuracy %: runs (small), mean with 95 % interval (large)\ndashed: the plain real arm")
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
