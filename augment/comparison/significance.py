"""Tests that stand beside the t test of `Estimate`, and the correction for testing many arms."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from augment.core.images import FloatArray

ALPHA = 0.05
"""Two-sided level at which an effect is called detected."""

FLIPS = 9999
"""Random sign flips: a p-value of 0.05 then has a standard error of 0.002."""

TOLERANCE = 1e-12
"""Sums in another order differ by rounding; a flip that only does this is no smaller than what was seen."""


def sign_flip_p(
    values: FloatArray, rng: np.random.Generator, flips: int = FLIPS, shares: FloatArray | None = None
) -> float:
    """Two-sided p-value of a mean of 0 by flipping the signs of runs and of images, independently.

    Which labels may be exchanged? If synthesis changes nothing, the two arms of a run may swap names, and so may the
    two arms on an image: a run's effect on the difference is as likely ``+a`` as ``-a``, an image's ``+b`` as ``-b``.
    Flipping runs alone is exact only where images do not differ, and 5 runs have 16 flips: no p-value below 0.06.
    Flipping images alone is exact only where runs do not differ. Here both are flipped. That the mean itself is chance
    is the null hypothesis, so it is dealt to the two sides, as squares add: runs get √w of it and images √(1 - w), w
    being the runs' share of the squared standard error of `crossed_estimate`. Of groups of images, which flip as one,
    each gets its share. Where one side is without spread this is
    the exact test by the other; between the two it is an approximation, in that the deviations of runs and images are
    estimated, and errs on the side of caution (benchmarks/error_rates.py).

    Assumes that run effects and image effects are independent and symmetric about 0 under the null hypothesis, but
    neither a normal distribution nor any degrees of freedom.

    Args:
        values: Differences of paired arms, runs × images, R×N, R and N ≥ 2.
        rng: Source of the flips.
        flips: Number of random flips; the smallest p-value is 1 / (flips + 1).
        shares: Share of all images that each column has, shape (N,), where columns are groups; see `CrossedTable`.
    """
    runs, images = values.shape
    mean = float(values.mean())
    run_effects, image_effects = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    of_runs, of_images = run_effects.var(ddof=1) / runs, image_effects.var(ddof=1) / images
    total = of_runs + of_images
    share = of_runs / total if total > 0 else 1.0
    # Images with equal effects flip together: the sum of n signs is 2·Binomial(n, ½) - n.
    own = mean if shares is None else mean * images * shares
    effects, counts = np.unique(image_effects + (1 - share) ** 0.5 * own, return_counts=True)
    signs_of_runs = rng.choice([-1.0, 1.0], (flips, runs))
    signs_of_images = 2.0 * rng.binomial(counts, 0.5, (flips, len(counts))) - counts
    flipped = signs_of_runs @ (run_effects + share**0.5 * mean) / runs + signs_of_images @ effects / images
    return float((1 + np.sum(np.abs(flipped) >= abs(mean) - TOLERANCE)) / (flips + 1))


def mcnemar_p(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """McNemar's exact test: of the images that just one of two classifiers gets right, is either's share above half?

    Speaks of these two classifiers (here: ensembles of all runs) on new images. That another training would give others
    is not in it: where runs dominate, two equal arms differ by this test in 54 of 100 simulated comparisons.

    Args:
        first: Which images the first classifier gets right, bool, shape (N,).
        second: The same of the second.

    Returns:
        p-value, 1 where they never disagree.
    """
    only_first = int(np.sum(first & ~second))
    discordant = only_first + int(np.sum(second & ~first))
    return float(stats.binomtest(only_first, discordant).pvalue) if discordant else 1.0


def holm(p_values: FloatArray) -> FloatArray:
    """Holm's step-down correction: the chance of even one false alarm among m tests stays below the level.

    The smallest p-value is multiplied by m, the next by m - 1, …; none may undercut a smaller one's, none exceeds 1.
    Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Args:
        p_values: Shape (m,), m ≥ 0, 0 to 1.

    Returns:
        Adjusted p-values in the same order.
    """
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted
