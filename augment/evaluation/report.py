"""The comparison as a Markdown table and as a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from augment.core.images import FloatArray
from augment.evaluation.comparison import Arm, Comparison, paired_difference, points, t_interval

REAL_COLOUR, SYNTHETIC_COLOUR = "#1f5a94", "#c2571a"

Comparisons = Mapping[str, Comparison]
Quality = Mapping[str, Mapping[str, Any]]


def markdown(comparisons: Comparisons, quality: Quality) -> str:
    """Write the report: for each dataset the verdict, the arms, and the quality of its synthetic images."""
    sections = [_section(name, comparison, quality[name]) for name, comparison in comparisons.items()]
    return "# Did synthesis help?\n\n" + "\n".join(sections)


def _section(name: str, comparison: Comparison, quality: Mapping[str, Any]) -> str:
    first = comparison.arms[0].predictions
    rivals = [comparison.reference]
    if comparison.best_real is not comparison.reference:
        rivals.append(comparison.best_real)
    titles = ["arm", "accuracy %", "macro-F1 %", "lowest class recall %"]
    titles += [f"difference to `{rival.name}`" for rival in rivals]
    header = f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n"
    rows = "".join(_row(arm, rivals) for arm in comparison.arms)
    verdict = comparison.verdict()
    return (
        f"## {name}\n\n**{verdict[0].upper()}{verdict[1:]}**\n\n{header}{rows}\n"
        f"Mean ± standard deviation over {len(first.probabilities)} runs on {len(first.labels)} test images; "
        "differences are accuracy points, paired by run and image, with a 95 % interval over both. "
        f"`{comparison.best_real.name}` is the best arm without synthesis, chosen on val.\n\n"
        f"Synthetic images: label fidelity {quality['label_fidelity']:.3f} (lowest class "
        f"{quality['lowest_label_fidelity']:.3f}), Fréchet distance {quality['frechet_distance']:.2f} "
        f"(real against real: {quality['floor']['frechet_distance']:.2f}), precision {quality['precision']:.2f}, "
        f"recall {quality['recall']:.2f}, density {quality['density']:.2f}, coverage {quality['coverage']:.2f}.\n"
    )


def _row(arm: Arm, rivals: Sequence[Arm]) -> str:
    predictions = arm.predictions
    recall = predictions.recall().mean(axis=0)
    weakest = int(recall.argmin())
    cells = [
        f"`{arm.name}`",
        _percent(predictions.accuracy()),
        _percent(predictions.macro_f1()),
        f"{recall[weakest] * 100:.1f} ({predictions.classes[weakest]})",
        *("–" if arm is rival else points(paired_difference(arm, rival)) for rival in rivals),
    ]
    return f"| {' | '.join(cells)} |\n"


def _percent(values: FloatArray) -> str:
    return f"{values.mean() * 100:.1f} ± {values.std(ddof=1) * 100:.1f}"


def accuracy_figure(comparisons: Comparisons) -> Figure:
    """Draw test accuracy per arm, one panel a dataset: every run, the mean, its 95 % interval."""
    tallest = max(len(comparison.arms) for comparison in comparisons.values())
    size = (8.0, len(comparisons) * (0.42 * tallest + 1.3))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(comparisons), 1, squeeze=False)[:, 0]
    for axes, (name, comparison) in zip(panels, comparisons.items(), strict=True):
        _panel(axes, name, comparison)
    return figure


def _panel(axes: Axes, name: str, comparison: Comparison) -> None:
    for height, arm in enumerate(reversed(comparison.arms)):
        accuracy = arm.predictions.accuracy() * 100
        interval = t_interval(accuracy)
        colour = SYNTHETIC_COLOUR if arm.uses_synthesis else REAL_COLOUR
        half = [[interval.mean - interval.low], [interval.high - interval.mean]]
        axes.errorbar(interval.mean, height, xerr=half, fmt="o", color=colour, capsize=4, markersize=7)
        spread = np.linspace(-0.18, 0.18, len(accuracy))
        axes.plot(accuracy, height + spread, ".", color=colour, alpha=0.45, markersize=5)
    axes.axvline(comparison.reference.predictions.accuracy().mean() * 100, color="0.6", linewidth=1, linestyle="--")
    axes.set_yticks(range(len(comparison.arms)), [arm.name for arm in reversed(comparison.arms)])
    axes.set_ylim(-0.6, len(comparison.arms) - 0.4)
    axes.set_title(f"{name}: blue trains on real images only, orange on synthetic ones too", fontsize=10, loc="left")
    axes.set_xlabel("test accuracy %: runs (small), mean and 95 % interval (large); dashed: the plain real arm")
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
