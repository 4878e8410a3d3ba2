"""Paired comparison of arms, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from augment.core.images import FloatArray
from augment.evaluation.predictions import Predictions, mean_std

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Arm:
    """One way of training the classifier, and what came of it.

    Attributes:
        train_set: Name of the training set.
        recipe: Name of the recipe.
        share: Synthetic share of the training set, 0 to 1.
        val_accuracy: Accuracy of each run on val, shape (R,); arms are chosen by it.
        predictions: On test; only reported.
    """

    train_set: str
    recipe: str
    share: float
    val_accuracy: FloatArray
    predictions: Predictions

    @property
    def name(self) -> str:
        """Training set and recipe, e.g. ``real/plain``."""
        return f"{self.train_set}/{self.recipe}"

    @property
    def uses_synthesis(self) -> bool:
        """Whether any of its training images are synthetic."""
        return self.share > 0.0


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % confidence interval."""

    mean: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """Give plain values, rounded to 6 decimals."""
        return {"mean": round(self.mean, 6), "low": round(self.low, 6), "high": round(self.high, 6)}


def t_interval(values: FloatArray) -> Interval:
    """Student's t interval for the mean of independent values, n ≥ 2.

    Equal values give an interval without width: the data then hold no sign of any spread.
    """
    return _interval(float(values.mean()), float(stats.sem(values)), len(values) - 1)


def crossed_interval(values: FloatArray) -> Interval:
    """Interval for the grand mean of a table whose rows and columns are both samples.

    Rows are training runs, columns test images; another training and other test images would both have given
    other numbers. Runs alone would call two lucky images an effect, images alone a lucky run. The squared
    standard error adds both: (MS_rows + MS_columns) / RN, the mean squares of a two-way analysis of variance,
    with Satterthwaite's degrees of freedom. Leaving the residual in it counts it twice, which errs on the side
    of caution (Searle, Casella & McCulloch, "Variance Components", 1992, ch. 4).

    Args:
        values: R×N, R and N ≥ 2.
    """
    rows, columns = values.shape
    row_mean, column_mean = values.mean(axis=1), values.mean(axis=0)
    of_rows, of_columns = row_mean.var(ddof=1) / rows, column_mean.var(ddof=1) / columns
    total = float(of_rows + of_columns)
    freedom = total**2 / (of_rows**2 / (rows - 1) + of_columns**2 / (columns - 1)) if total > 0 else rows - 1
    return _interval(float(values.mean()), total**0.5, float(freedom))


def _interval(mean: float, error: float, freedom: float) -> Interval:
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Interval(mean, mean - half, mean + half)


def paired_difference(arm: Arm, reference: Arm) -> Interval:
    """Difference in test accuracy, arm minus reference, with its interval over runs and test images.

    Paired twice: run k of both arms has the same initial weights, and both see the same test images. The
    interval speaks of this generator and this train split; neither is drawn again.
    """
    return crossed_interval(arm.predictions.hits - reference.predictions.hits)


def judge(difference: Interval) -> str:
    """Put a difference in words: ``helps``, ``hurts`` or ``has no detectable effect``."""
    if difference.low > 0:
        return "helps"
    if difference.high < 0:
        return "hurts"
    return "has no detectable effect"


def best_by_val(arms: Sequence[Arm]) -> Arm:
    """Choose the arm with the highest mean accuracy on val; the first named wins a tie."""
    return max(arms, key=lambda arm: float(arm.val_accuracy.mean()))


@dataclass(frozen=True)
class Comparison:
    """All arms of a dataset, and what synthesis did.

    Attributes:
        arms: In the order of ``params.yaml``.
        reference: Real images, first recipe.
        best_real: The best arm without synthesis, chosen on val.
        candidate: The best arm with both real and synthetic images, chosen on val; None where no such arm runs.
    """

    arms: tuple[Arm, ...]
    reference: Arm
    best_real: Arm
    candidate: Arm | None

    def verdict(self) -> str:
        """Say in a sentence or two whether synthesis helped, against the plain and the best real arm."""
        if self.candidate is None:
            return "no arm merges real and synthetic images, so there is nothing to judge."
        parts = [
            f"{judge(difference)} compared with {name} `{arm.name}` ({points(difference)} points)"
            for name, arm, difference in self._contests(self.candidate)
        ]
        return f"synthesis (`{self.candidate.name}`) {' and '.join(parts)}. {self._advice(self.candidate)}"

    def _contests(self, candidate: Arm) -> list[tuple[str, Arm, Interval]]:
        contests = [("the plain real arm", self.reference, paired_difference(candidate, self.reference))]
        if self.best_real is not self.reference:
            contests.append(
                (
                    "the best arm without synthesis,",
                    self.best_real,
                    paired_difference(candidate, self.best_real),
                )
            )
        return contests

    def _advice(self, candidate: Arm) -> str:
        helps = judge(paired_difference(candidate, self.best_real)) == "helps"
        return f"Use `{candidate.train_set}`." if helps else f"Leave it out: use `{self.best_real.name}`."

    def metrics(self, arm: Arm) -> dict[str, Any]:
        """Summarise an arm as plain values, few enough to be one row of `dvc metrics show`."""
        predictions = arm.predictions
        return {
            "accuracy": mean_std(predictions.accuracy()),
            "macro_f1": mean_std(predictions.macro_f1()),
            "lowest_recall": round(float(predictions.recall().mean(axis=0).min()), 6),
            "to_plain": paired_difference(arm, self.reference).to_json(),
            "to_best_real": paired_difference(arm, self.best_real).to_json(),
        }

    def to_json(self) -> dict[str, Any]:
        """Give what was chosen and said as plain values."""
        return {
            "verdict": self.verdict(),
            "reference": self.reference.name,
            "best_without_synthesis": self.best_real.name,
            "candidate": self.candidate.name if self.candidate else None,
        }


def compare(arms: Sequence[Arm]) -> Comparison:
    """Compare the arms of one dataset; the first that trains on real images alone is the reference."""
    real = [arm for arm in arms if not arm.uses_synthesis]
    merged = [arm for arm in arms if 0.0 < arm.share < 1.0]
    return Comparison(
        arms=tuple(arms),
        reference=real[0],
        best_real=best_by_val(real),
        candidate=best_by_val(merged) if merged else None,
    )


def points(interval: Interval) -> str:
    """Write a difference in accuracy points, e.g. ``+1.2 [+0.3, +2.1]``."""
    values = np.asarray([interval.mean, interval.low, interval.high]) * 100
    mean, low, high = (f"{value:+.1f}" for value in values + 0.0)
    return f"{mean} [{low}, {high}]"
