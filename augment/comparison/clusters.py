"""Groups of test images as the unit of the image side: patients, clips, cameras that a split keeps together.

Images of one group are right and wrong together, so that they tell less than as many images of as many groups. The
table of runs × images becomes one of runs × groups, of which the same is said as of images: intervals, tests, power.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from augment.core.images import FloatArray, IntArray

ROUNDING = 1e-9
"""A spread of less is none: groups that fare alike differ by what rounding makes of a fifth."""

FEW = 2.5
"""Degrees of freedom of the groups below which runs may add none; see `CrossedTable.most`."""


class CrossedTable(NamedTuple):
    """A table whose rows and columns are both samples.

    Attributes:
        values: Runs × images, or runs × groups; the mean of a row is the figure of that run.
        freedom: Degrees of freedom of the variance between columns.
        fewest: Columns that the smallest block of images has.
        most: Degrees of freedom that an estimate of all has at most. Two or three groups may be alike by chance; the
            runs would then count the most, and with their degrees of freedom the interval would cover the truth in 87
            of 100 comparisons (benchmarks/error_rates.py).
        shares: Share of the images that each group has, of all blocks by their weight, shape (G,); None where columns
            are images.
    """

    values: FloatArray
    freedom: float
    fewest: int
    most: float = math.inf
    shares: FloatArray | None = None

    @classmethod
    def of_images(cls, values: FloatArray, fewest: int | None = None) -> "CrossedTable":
        """Take images as the columns; ``fewest`` is told where they are of several blocks."""
        images = values.shape[1]
        return cls(values, images - 1, images if fewest is None else fewest)


def group_table(parts: Sequence[tuple[float, FloatArray]], units: Sequence[IntArray]) -> CrossedTable:
    """Lay a weighted sum of block means out by groups, so that columns are independent of each other.

    A column is the sum of its run plus √(G(G - 1)) times what the group adds to it: the deviations of its images from
    the mean of their block, over the block's size. As a group that holds a share w of a block has drawn that mean to
    itself, they are divided by √(1 - w). The variance between columns, over G, is then CR2 of Bell & McCaffrey, "Bias
    reduction in standard errors for linear regression with multi-stage samples", Survey Methodology 2002. With one
    image a group it is that of the images, whatever the blocks.

    Uneven groups leave fewer degrees of freedom than G - 1: those of Bell and McCaffrey, with images of a group as
    alike as they turn out to be (Imbens & Kolesár, "Robust standard errors in small samples", Review of Economics and
    Statistics 2016). G - 1 would be too sure (benchmarks/error_rates.py).

    A block whose images are all of one group says nothing of other groups; there images stay the unit.

    Args:
        parts: Weight and values of each block, R×n, n ≥ 2.
        units: Group of each image of each block, any numbers from 0, shape (n,). A group may be in several blocks.
    """
    columns = _columns(units)
    groups = 1 + max(int(each.max()) for each in columns)
    blocks = [_Block.of(*part, own, groups) for part, own in zip(parts, columns, strict=True)]
    of_runs = np.sum([weight * values.mean(axis=1) for weight, values in parts], axis=0)
    added = np.sum([block.added for block in blocks], axis=0)
    # Divided by other roots than their neighbours', a run's parts no longer cancel; its mean must be its sum. What the
    # spread loses by that it gets back.
    centred = added - added.mean(axis=1, keepdims=True)
    kept, whole = float(np.sum(centred.mean(axis=0) ** 2)), float(np.sum(added.mean(axis=0) ** 2))
    stretch = (groups * (groups - 1) * (whole / kept if kept > ROUNDING**2 else 1.0)) ** 0.5
    freedom = _freedom(blocks) or groups - 1
    return CrossedTable(
        values=of_runs[:, None] + stretch * centred,
        freedom=freedom,
        fewest=min(len(np.unique(each)) for each in columns),
        most=freedom if freedom < FEW else math.inf,
        shares=np.average([block.shares for block in blocks], axis=0, weights=[abs(weight) for weight, _ in parts]),
    )


def _columns(units: Sequence[IntArray]) -> list[IntArray]:
    """Number the columns from 0; where a block is of one group, each of its images has one of its own."""
    found, unused = [], 1 + max(int(each.max()) for each in units)
    for each in units:
        alone = len(np.unique(each)) == 1
        found.append(np.arange(unused, unused + len(each)) if alone else each)
        unused += len(each) if alone else 0
    numbers = np.unique(np.concatenate(found), return_inverse=True)[1].astype(np.int64)
    return np.split(numbers, np.cumsum([len(each) for each in found])[:-1])


class _Block(NamedTuple):
    """What the groups add to a block.

    Attributes:
        added: Each group's part of the weighted mean in each run, R×G; 0 where it has no image of the block.
        scale: What the sum over a group's images is multiplied by for that, shape (G,).
        shares: Each group's share of the images, shape (G,).
        variances: Of the sums over each group's images, shape (G,).
    """

    added: FloatArray
    scale: FloatArray
    shares: FloatArray
    variances: FloatArray

    @classmethod
    def of(cls, weight: float, values: FloatArray, own: IntArray, groups: int) -> "_Block":
        sizes = np.bincount(own, minlength=groups).astype(np.float64)
        shares = sizes / len(own)
        scale = weight / len(own) / np.sqrt(1 - shares)
        deviations = values - values.mean(axis=1, keepdims=True)
        sums = np.zeros((groups, len(values)))
        np.add.at(sums, own, deviations.T)
        return cls(scale * sums.T, scale, shares, _variances(deviations.mean(axis=0), own, sizes))


def _variances(deviations: FloatArray, own: IntArray, sizes: FloatArray) -> FloatArray:
    """Give the variance of each group's sum, if all images vary alike, and those of a group have one correlation.

    The correlation is that of the one-way analysis of variance, at least 0 (Searle, Casella & McCulloch, "Variance
    Components", 1992, ch. 3).

    Args:
        deviations: Of the images from their mean, shape (n,), of two groups or more.
        own: Group of each.
        sizes: Images of each group, shape (G,), 0 for some.
    """
    images, groups, there = len(own), int(np.sum(sizes > 0)), sizes > 0
    total = float(np.sum(deviations**2))
    sums = np.bincount(own, deviations, len(sizes))
    between = float(np.sum(sums[there] ** 2 / sizes[there]))
    within = (total - between) / max(images - groups, 1)
    typical = (images - np.sum(sizes**2) / images) / (groups - 1)
    shared = max(0.0, (between / (groups - 1) - within) / typical)
    correlation = shared / (shared + within) if shared else 0.0
    return total / (images - 1) * sizes * (1 + (sizes - 1) * correlation)


def _freedom(blocks: Sequence[_Block]) -> float:
    """Degrees of freedom (tr M)² / tr M² of a sum of squares of normal values with covariance M; 0 where none varies.

    M is that of what the groups add to blocks whose means are their own. It is a diagonal matrix plus a product of two
    narrow ones, three columns a block, so that no G×G matrix is needed.
    """
    diagonal = np.sum([block.scale**2 * block.variances for block in blocks], axis=0)
    left, right = [], []
    for block in blocks:
        own, pull = block.scale * block.variances, block.scale * block.shares
        left += [-own, -pull, block.variances.sum() * pull]
        right += [pull, own, pull]
    narrow, other = np.stack(left, axis=1), np.stack(right, axis=1)
    product = other.T @ narrow
    trace = float(diagonal.sum() + np.trace(product))
    squares = float(np.sum(diagonal**2) + 2 * np.sum(diagonal[:, None] * narrow * other) + np.sum(product * product.T))
    return trace**2 / squares if squares > 0 else 0.0
