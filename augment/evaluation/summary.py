"""The comparison as a Markdown table and as a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from augment.core.images import FloatArray
from augment.evaluation.arms import Arm, Kind
from augment.evaluation.comparison import Comparison
from augment.evaluation.contests import Contest, Outcome
from augment.evaluation.intervals import Interval, crossed_estimate
from augment.evaluation.release import release
from augment.evaluation.significance import ALPHA
from augment.evaluation.subgroups import recall_table
from augment.evaluation.verdict import groups, sentence
from augment.evaluation.wording import cut_off_note, markdown_table, points

REAL_COLOUR, SYNTHETIC_COLOUR = "#1f5a94", "#c2571a"

Comparisons = Mapping[str, Comparison]
Quality = Mapping[str, Mapping[str, Any]]
"""Synthesizer → its figures."""


def markdown(comparisons: Comparisons, quality: Mapping[str, Quality]) -> str:
    """Write the report: for each dataset the verdict, the arms, and the quality of its synthetic images."""
    sections = [_section(name, comparison, quality[name]) for name, comparison in comparisons.items()]
    return "# Did synthesis help?\n\n" + "\n".join(sections)


def _section(name: str, comparison: Comparison, quality: Quality) -> str:
    released, released_sentence = comparison.released, ""
    if released and released.synthesizer:
        released_sentence = release(released, comparison.best_real, quality[released.synthesizer]).sentence()
    parts = [
        f"## {name}",
        f"**{sentence(comparison)}**",
        released_sentence,
        _arm_table(comparison),
        _legend(comparison),
        _recall(comparison),
        _groups(comparison),
        _quality_table(quality),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _arm_table(comparison: Comparison) -> str:
    titles = ["arm", "accuracy %", "macro-F1 %", "lowest class recall %", "log-loss", "calibration error %"]
    against = _contests(comparison)
    return markdown_table([*titles, *against], [_row(arm, list(against.values())) for arm in comparison.arms])


def _contests(comparison: Comparison) -> dict[str, Mapping[str, Contest]]:
    """Give the title of each column of differences → what stands in it; no column twice."""
    reference, best_real = comparison.reference, comparison.best_real
    found = {f"difference to `{reference.name}`": comparison.against_reference}
    if best_real is not reference:
        found[f"difference to `{best_real.name}`"] = comparison.against_best_real
    if any(contest.rival is not reference for contest in comparison.against_same_recipe.values()):
        found["difference to the same recipe on real images"] = comparison.against_same_recipe
    return found


def _row(arm: Arm, against: Sequence[Mapping[str, Contest]]) -> list[str]:
    predictions = arm.predictions
    scores, recall = predictions.scores(), predictions.recall().mean(axis=0)
    weakest = int(recall.argmin())
    return [
        f"`{arm.name}`",
        _percent(scores["accuracy"]),
        _percent(scores["macro_f1"]),
        f"{recall[weakest] * 100:.1f} ({predictions.classes[weakest]})",
        f"{scores['log_loss'].mean():.3f}",
        f"{scores['calibration_error'].mean() * 100:.1f}",
        *(_difference(contests.get(arm.name)) for contests in against),
    ]


def _difference(contest: Contest | None) -> str:
    if contest is None:
        return "–"
    text = points(contest.estimate.interval())
    return text if contest.outcome is Outcome.NO_EFFECT else f"**{text}**"


def _legend(comparison: Comparison) -> str:
    seeds, images = comparison.reference.predictions.hits.shape
    return (
        f"Mean ± standard deviation over {seeds} runs on {images} test images; differences are accuracy points, paired "
        "by run and image, each with its own 95 % interval over both. Bold: detected at 5 % after Holm's correction "
        "over all arms of its kind, as p in the verdict is; this also allows for the choice among them. "
        f"`{comparison.best_real.name}` is the best arm without synthesis, chosen on val."
        + cut_off_note({arm.name: arm.cut_off for arm in comparison.arms}, seeds)
    )


def _recall(comparison: Comparison) -> str:
    """Write where the chosen arm changes recall against the best real arm: head to tail, and classes it changes."""
    chosen, best_real = comparison.chosen, comparison.best_real
    if chosen is None:
        return ""
    real, table = (recall_table([arm], [best_real], comparison.reference) for arm in (comparison.reference, chosen))
    table["real_images"] = real["train_images"]
    detected = table[(table["kind"] == "class") & (table["p_holm"] <= ALPHA)]
    shown = pd.concat([table[table["kind"] == "tier"], detected])
    said = f"`{chosen.name}` against `{best_real.name}`"
    if shown.empty:
        return f"No class's recall is detectably changed by {said}."
    titles = ["recall of", "train images, real → used", "test images", "recall %", "difference"]
    cells = [
        [
            f"{row['kind']} {row['name']}",
            f"{row['real_images']} → {row['train_images']}",
            str(row["test_images"]),
            f"{row['recall'] * 100:.1f}",
            points(Interval(row["difference"], row["low"], row["high"])) if pd.notna(row["difference"]) else "–",
        ]
        for row in shown.to_dict("records")
    ]
    caption = f"Recall, {said}: tiers of classes by their real training images, and classes detectably changed."
    return f"{caption}\n\n{markdown_table(titles, cells)}"


def _groups(comparison: Comparison) -> str:
    found = groups(comparison)
    if found is None:
        return ""
    titles = ["arm", f"accuracy gap, `{found['highest']}` over `{found['lowest']}`", "change"]
    changes = {name: points(Interval(**change)) for name, change in found["change"].items()}
    cells = [[f"`{name}`", points(Interval(**gap)), changes.get(name, "–")] for name, gap in found["gap"].items()]
    caption = (
        f"Accuracy gap between the groups of test images that differ most over all arms; its interval allows for the "
        f"choice among {found['pairs']} pairs. Change: against `{comparison.reference.name}`, above 0 where it widens."
    )
    return f"{caption}\n\n{markdown_table(titles, cells)}"


def _quality_table(quality: Quality) -> str:
    """Write one row a synthesizer, against val; the distance of real train images in their place beside it."""
    titles = ["synthesizer", "label fidelity (lowest class)", "Fréchet distance (real train images)"]
    titles += ["precision", "recall", "density", "coverage", "failed checks"]
    cells = [
        [
            f"`{name}`",
            f"{figures['label_fidelity']:.3f} ({figures['lowest_label_fidelity']:.3f})",
            f"{figures['frechet_distance']:.2f} ({figures['real_reference']['frechet_distance']:.2f})",
            *(f"{figures[title]:.2f}" for title in ("precision", "recall", "density", "coverage")),
            str(figures["failed_checks"]),
        ]
        for name, figures in quality.items()
    ]
    return markdown_table(titles, cells)


def _percent(values: FloatArray) -> str:
    return f"{values.mean() * 100:.1f} ± {values.std(ddof=1) * 100:.1f}"


def accuracy_figure(comparisons: Comparisons) -> Figure:
    """Draw test accuracy per arm, one panel a dataset: every run, the mean, its 95 % interval over runs and images."""
    tallest = max(len(comparison.arms) for comparison in comparisons.values())
    size = (8.0, len(comparisons) * (0.42 * tallest + 1.3))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(comparisons), 1, squeeze=False)[:, 0]
    for axes, (name, comparison) in zip(panels, comparisons.items(), strict=True):
        _panel(axes, name, comparison)
    return figure


def _panel(axes: Axes, name: str, comparison: Comparison) -> None:
    for height, arm in enumerate(reversed(comparison.arms)):
        accuracy, interval = arm.predictions.accuracy(), crossed_estimate(arm.predictions.hits).interval()
        colour = REAL_COLOUR if arm.kind is Kind.REAL else SYNTHETIC_COLOUR
        half = [[(interval.mean - interval.low) * 100], [(interval.high - interval.mean) * 100]]
        axes.errorbar(interval.mean * 100, height, xerr=half, fmt="o", color=colour, capsize=4, markersize=7)
        spread = np.linspace(-0.18, 0.18, len(accuracy))
        axes.plot(accuracy * 100, height + spread, ".", color=colour, alpha=0.45, markersize=5)
    axes.axvline(comparison.reference.predictions.accuracy().mean() * 100, color="0.6", linewidth=1, linestyle="--")
    axes.set_yticks(range(len(comparison.arms)), [arm.name for arm in reversed(comparison.arms)])
    axes.set_ylim(-0.6, len(comparison.arms) - 0.4)
    axes.set_title(f"{name}: blue trains on real images only, orange on synthetic ones too", fontsize=10, loc="left")
    axes.set_xlabel(
        "test accuracy %: runs (small), mean with 95 % interval over runs and images (large); dashed: plain real"
    )
    axes.grid(axis="x", color="0.9")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
