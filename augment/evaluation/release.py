"""Release without real images: what a classifier trained on synthetic images alone keeps, and what those leak."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from augment.evaluation.arms import Arm
from augment.evaluation.intervals import Interval, crossed_estimate
from augment.evaluation.wording import percent, points

LEAKS = {
    "memorisation": ("near_copies", "expected_near_copies", "pull"),
    "membership": ("auc", "auc_low", "auc_high", "p_value", "advantage", "advantage_low", "advantage_high", "caught"),
}
"""Group of a synthesizer's ``quality.json`` → what of it says how much its images give away, in ``pixels`` and in
``features``."""


@dataclass(frozen=True)
class Release:
    """A synthetic-only arm beside the best real one.

    Attributes:
        arm: Trains on synthetic images only.
        best_real: The best arm without synthesis.
        kept: Accuracy of the first over that of the second.
        difference: Accuracy of the first minus that of the second.
        leaks: `LEAKS` of the synthesizer whose images the arm trains on.
    """

    arm: Arm
    best_real: Arm
    kept: Interval
    difference: Interval
    leaks: dict[str, dict[str, dict[str, Any]]]

    def sentence(self) -> str:
        """Say what is kept, and what the images give away."""
        copies, attacks = self.leaks["memorisation"]["pixels"], self.leaks["membership"]
        found = {
            space: percent(Interval(figures["auc"], figures["auc_low"], figures["auc_high"]))
            for space, figures in attacks.items()
        }
        return (
            f"Trained on synthetic images alone, `{self.arm.name}` keeps {percent(self.kept)} of the accuracy of "
            f"`{self.best_real.name}` ({points(self.difference)} points). Of a training image and an unseen one, the "
            f"distance to the nearest synthetic image tells which is which in {found['pixels']} of cases by pixels and "
            f"in {found['features']} by features (a coin: 50 %); {copies['near_copies'] * 100:.1f} % of the synthetic "
            f"images are near copies (images that copy nothing: {copies['expected_near_copies'] * 100:.1f} %)."
        )

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "arm": self.arm.name,
            "train_set": self.arm.train_set,
            "recipe": self.arm.recipe,
            "synthesizer": self.arm.synthesizer,
            "kept": self.kept.to_json(),
            "difference": self.difference.to_json(),
            "sentence": self.sentence(),
            **self.leaks,
        }


def release(arm: Arm, best_real: Arm, quality: Mapping[str, Any]) -> Release:
    """Compare a synthetic-only arm with the best real one.

    The interval of the ratio ρ = a/b is that of the mean of (a - ρb) / b, linearised at the estimate (delta method): b
    is far from 0 and its own error enters through the pairing.

    Args:
        arm: Trains on synthetic images only.
        best_real: The best arm without synthesis.
        quality: What ``quality.json`` holds of the arm's synthesizer.
    """
    hits, real_hits = arm.predictions.hits, best_real.predictions.hits
    ratio = float(hits.mean() / real_hits.mean())
    linear = crossed_estimate((hits - ratio * real_hits) / real_hits.mean())
    return Release(
        arm=arm,
        best_real=best_real,
        kept=replace(linear, mean=ratio).interval(),
        difference=crossed_estimate(hits - real_hits).interval(),
        leaks={
            group: {space: {name: figures[name] for name in names} for space, figures in quality[group].items()}
            for group, names in LEAKS.items()
        },
    )
