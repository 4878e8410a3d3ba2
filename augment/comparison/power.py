"""What a comparison could have detected, and how many seeds it would take."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from augment.comparison.intervals import satterthwaite
from augment.comparison.significance import ALPHA
from augment.core.images import FloatArray

POWER = 0.8
MOST_SEEDS = 1000


def smallest_effect(error: float, freedom: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """Smallest true difference that a two-sided t test detects with the given power, ≥ 0.

    (t₁₋α/₂ + t_power) · standard error: Bloom, "Minimum detectable effects", Evaluation Review 1995.

    Args:
        error: Standard error of the difference.
        freedom: Its degrees of freedom.
        alpha: Two-sided level of the test; the first step of Holm's correction over m arms tests at α/m.
        power: Probability of detection, 0.5 to 1.
    """
    return float(stats.t.ppf(1 - alpha / 2, freedom) + stats.t.ppf(power, freedom)) * error


@dataclass(frozen=True)
class Spread:
    """Where the variance of a runs × images table comes from.

    Attributes:
        run: Variance between runs.
        image: Variance between images; more runs do not lessen its part.
        residual: Variance of what neither explains.
        runs: R, number of runs.
        images: N, number of test images; or of their groups, where these are the unit.
        freedom: Degrees of freedom of the variance between them; N - 1 where None.
        most: Degrees of freedom that all has at most; see `augment.comparison.clusters.CrossedTable`.
    """

    run: float
    image: float
    residual: float
    runs: int
    images: int
    freedom: float | None = None
    most: float = math.inf

    def error(self) -> tuple[float, float]:
        """Standard error and degrees of freedom that `crossed_estimate` has, on average, for such a table."""
        shared = self.residual / (self.runs * self.images)
        of_runs, of_images = self.run / self.runs + shared, self.image / self.images + shared
        freedom = self.images - 1 if self.freedom is None else self.freedom
        error, found = satterthwaite([(of_runs, self.runs - 1), (of_images, freedom)])
        return error, min(found, self.most)


def spread(values: FloatArray) -> Spread:
    """Estimate variance components by the two-way analysis of variance, negative ones set to 0.

    Searle, Casella & McCulloch, "Variance Components", 1992, ch. 4.

    Args:
        values: R×N, R and N ≥ 2.
    """
    runs, images = values.shape
    of_run, of_image = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True)
    left_over = values - of_run - of_image + values.mean()
    residual = float(np.sum(left_over**2) / ((runs - 1) * (images - 1)))
    return Spread(
        run=max(0.0, float(of_run.var(ddof=1)) - residual / images),
        image=max(0.0, float(of_image.var(ddof=1)) - residual / runs),
        residual=residual,
        runs=runs,
        images=images,
    )


def seeds_needed(of: Spread, effect: float, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """Fewest runs that detect a true difference on as many test images.

    Args:
        of: What the runs so far show; with few of them the answer is rough.
        effect: The difference to detect, > 0.
        alpha: Two-sided level of the test.
        power: Probability of detection.

    Returns:
        At least 2, or None where `MOST_SEEDS` do not suffice: only more test images would help.
    """

    def detects(runs: int) -> bool:
        return smallest_effect(*replace(of, runs=runs).error(), alpha, power) <= effect

    if not detects(MOST_SEEDS):
        return None
    too_few, enough = 1, MOST_SEEDS
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if detects(middle) else (middle, enough)
    return enough
