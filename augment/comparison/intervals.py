"""Estimates and 95 % confidence intervals for tables of training runs × test images.

Another training and another draw of test images would both have given other numbers. Runs alone would call two lucky
images an effect, images alone a lucky run; every interval for arms therefore covers both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from augment.comparison.clusters import ROUNDING, CrossedTable, group_table
from augment.core.images import FloatArray, IntArray
from augment.results.record import Interval

CONFIDENCE = 0.95
RESAMPLES = 4000
"""Bootstrap resamples: the ends of a 95 % interval then stray by about 3 % of its width."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error and degrees of freedom: what a t interval and a t test are made of.

    Attributes:
        mean: Of the table.
        error: Its standard error; 0 where every run and image gave the same, which a few images often do by chance.
        freedom: Degrees of freedom of the error.
        images: Test images of the smallest block; or groups of them, where these are the unit.
        span: How far two of the values can be apart, e.g. 2 for differences of hits.
    """

    mean: float
    error: float
    freedom: float
    images: int
    span: float = 2.0

    def interval(self, choices: int = 1) -> Interval:
        """Student's t interval; where all values are alike, the exact interval for images that are otherwise.

        Of n alike, up to a share of 1 - (α/2)^(1/n) of all images may be otherwise (Clopper & Pearson, 1934).

        Args:
            choices: Among how many quantities this one was chosen for its size; all of their intervals hold their truth
                at once as often as one would alone (Bonferroni).
        """
        tail = (1 - CONFIDENCE) / (2 * choices)
        if self.error == 0.0:
            half = self.span * (1 - tail ** (1 / self.images))
        else:
            half = float(stats.t.ppf(1 - tail, self.freedom)) * self.error
        return Interval(mean=self.mean, low=self.mean - half, high=self.mean + half)

    def p_value(self) -> float:
        """Two-sided test of mean 0, Student's or the exact: at most 0.05 exactly where the interval leaves 0 out."""
        if self.error == 0.0:
            return float(min(1.0, 2 * max(0.0, 1 - abs(self.mean) / self.span) ** self.images))
        return float(2 * stats.t.sf(abs(self.mean) / self.error, self.freedom))


def crossed_estimate(values: FloatArray, span: float = 2.0) -> Estimate:
    """Estimate the grand mean of a table whose rows and columns are both samples; see `crossed_contrast`.

    Args:
        values: Runs × test images, R×N, R and N ≥ 2.
        span: How far two values can be apart: 2 for differences of hits, 1 for hits.
    """
    return table_estimate(CrossedTable.of_images(values), span)


def table_estimate(table: CrossedTable, span: float = 2.0) -> Estimate:
    """Estimate the grand mean of a table of runs × images or groups; see `crossed_contrast`."""
    of_runs, of_columns = table.values.mean(axis=1), table.values.mean(axis=0)
    parts = [
        (np.var(of_runs, ddof=1) / len(of_runs), len(of_runs) - 1),
        (of_columns.var(ddof=1) / len(of_columns), table.freedom),
    ]
    error, freedom = satterthwaite(parts)
    error = error if error > ROUNDING else 0.0
    return Estimate(float(np.mean(of_runs)), error, min(freedom, table.most), images=table.fewest, span=span)


def crossed_contrast(
    blocks: Sequence[FloatArray],
    coefficients: Sequence[float],
    span: float = 2.0,
    units: Sequence[IntArray] | None = None,
) -> Estimate:
    """Estimate a weighted sum of block means; blocks share their runs and have images of their own.

    The squared standard error adds the variance of the runs' own weighted sums, over R, and of the image means of
    each block, over their number: for one block (MS_rows + MS_columns) / RN, the mean squares of a two-way analysis
    of variance with crossed random effects. The residual is in both and so counts twice, which errs on the side of
    caution. Degrees of freedom are Satterthwaite's (1946). Searle, Casella & McCulloch, "Variance Components", 1992.

    With 3 runs or more the interval covers at least as often as it says, with 2 in 93 of 100 comparisons. Counting the
    residual once would make it a tenth narrower at 10 runs, and wider below 5; the bootstrap covers too rarely where
    runs dominate (benchmarks/error_rates.py).

    Args:
        blocks: Values of each block, runs × images, R×N_b; R ≥ 2 is common to all, N_b ≥ 2.
        coefficients: Weight of each block's mean, e.g. 1 and -1 for a gap between two groups.
        span: How far two values can be apart.
        units: Group of each image of each block, where groups are the unit of the image side; see `group_table`.
    """
    reach = span * sum(abs(coefficient) for coefficient in coefficients)
    if units is not None:
        return table_estimate(group_table(list(zip(coefficients, blocks, strict=True)), units), reach)
    sums = sum(c * block.mean(axis=1) for block, c in zip(blocks, coefficients, strict=True))
    parts: list[tuple[float, float]] = [(np.var(sums, ddof=1) / len(sums), len(sums) - 1)]
    for block, coefficient in zip(blocks, coefficients, strict=True):
        images = block.shape[1]
        parts.append((coefficient**2 * block.mean(axis=0).var(ddof=1) / images, images - 1))
    fewest = min(block.shape[1] for block in blocks)
    return Estimate(float(np.mean(sums)), *satterthwaite(parts), images=fewest, span=reach)


def satterthwaite(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Root of a sum of variances, and its degrees of freedom: (Σv)² / Σ(v²/f).

    Args:
        parts: Each variance with its own degrees of freedom; the first one's are taken where all variances are 0.
    """
    total = float(sum(variance for variance, _ in parts))
    if total == 0.0:
        return 0.0, float(parts[0][1])
    shares = ((variance / total, freedom) for variance, freedom in parts)
    return total**0.5, float(1 / sum(share**2 / freedom for share, freedom in shares))


def pigeonhole_interval(values: FloatArray, rng: np.random.Generator, resamples: int = RESAMPLES) -> Interval:
    """Percentile interval for the grand mean by a bootstrap over rows and columns at once.

    Rows and columns are drawn with replacement, independently; each value counts as often as its row times its
    column. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007 (arXiv 0712.1111), who shows that its
    variance errs upwards by twice the residual's part. But it knows nothing of small samples: with 5 rows that
    dominate, it covers 86 % instead of 95 % (benchmarks/error_rates.py). It stands beside the t interval as a check
    that assumes no shape.

    Args:
        values: R×N.
        rng: Source of the draws.
        resamples: Number of bootstrap means.
    """
    runs, images = values.shape
    rows = rng.multinomial(runs, np.full(runs, 1 / runs), resamples)
    # Equal columns are drawn as one: hits of a few runs have a handful of patterns, however many images there are.
    patterns, counts = np.unique(values, axis=1, return_counts=True)
    columns = rng.multinomial(images, counts / images, resamples)
    means = np.einsum("br,rp,bp->b", rows / runs, patterns, columns / images, optimize=True)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))
