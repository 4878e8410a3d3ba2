"""Release without real images: what a classifier trained on synthetic images alone keeps, and what those leak."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from augment.evaluation.arms import Arm
from augment.evaluation.intervals import Interval, crossed_estimate
from augment.evaluation.wording import percent, points

LEAKS = ("near_copies", "expected_near_copies", "pull")


@dataclass(frozen=True)
class Release:
    """A synthetic-only arm beside the best real one.

    Attributes:
        arm: Trains on synthetic images only.
        best_real: The best arm without synthesis.
        kept: Accuracy of the first over that of the second.
        difference: Accuracy of the first minus that of the second.
    """

    arm: Arm
    best_real: Arm
    kept: Interval
    difference: Interval

    def sentence(self) -> str:
        """Say what is kept."""
        return (
            f"Trained on synthetic images alone, `{self.arm.name}` keeps {percent(self.kept)} of the accuracy of "
            f"`{self.best_real.name}` ({points(self.difference)} points)."
        )

    def to_json(self, memorisation: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Give plain values.

        Args:
            memorisation: That group of the synthesizer's ``quality.json``: ``pixels`` and ``features``, each with
                `LEAKS` among its figures.
        """
        leaks = {space: {name: figures[name] for name in LEAKS} for space, figures in memorisation.items()}
        return {
            "arm": self.arm.name,
            "train_set": self.arm.train_set,
            "recipe": self.arm.recipe,
            "synthesizer": self.arm.synthesizer,
            "kept": self.kept.to_json(),
            "difference": self.difference.to_json(),
            "sentence": self.sentence(),
            "memorisation": leaks,
        }


def release(arm: Arm, best_real: Arm) -> Release:
    """Compare a synthetic-only arm with the best real one.

    The interval of the ratio ρ = a/b is that of the mean of (a - ρb) / b, linearised at the estimate (delta method): b
    is far from 0 and its own error enters through the pairing.
    """
    hits, real_hits = arm.predictions.hits, best_real.predictions.hits
    ratio = float(hits.mean() / real_hits.mean())
    linear = crossed_estimate((hits - ratio * real_hits) / real_hits.mean())
    return Release(
        arm=arm,
        best_real=best_real,
        kept=replace(linear, mean=ratio).interval(),
        difference=crossed_estimate(hits - real_hits).interval(),
    )
