"""All pairs of images that are nearly the same: found exactly, by a few numbers of each image."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist

from augment.core.errors import DataError
from augment.core.images import FloatArray, IntArray, UInt8Array, blocks
from augment.core.seeding import numpy_generator
from augment.datasets.checks import AMONG, NEAR, thumbnails

FEW_AXES, MANY_AXES = 8, 64
"""Numbers of each image by which pairs are looked for. Distances in them are at most the true ones: none is missed."""
SEEN = 300
"""Images that the axes are chosen by; others would only make the search longer or shorter."""
RARE = 1e-3
"""Share of all pairs that a search tree may bring up: one costs as much as a thousand by matrix products. Images that
differ in many ways, as noise does, bring up more."""
AT_ONCE, TILE, MOST_PAIRS = 4096, 2048, 25_000_000
ROUNDING = 1e-3


class Scale(NamedTuple):
    """How images are compared.

    Attributes:
        radius: Distance, as thumbnails, below which two are near copies: `NEAR` of that of two taken at random.
        centre: The mean thumbnail, shape (D,).
        axes: Directions in which thumbnails differ most, D×A, orthonormal.
        sample: Some thumbnails, less the centre.
    """

    radius: float
    centre: FloatArray
    axes: FloatArray
    sample: FloatArray

    def points(self, images: UInt8Array, rows: IntArray) -> FloatArray:
        """Give a few numbers of each image at ``rows``, which lie no further apart than the thumbnails do."""
        return (thumbnails(images, rows) - self.centre) @ self.axes


def measure(images: UInt8Array, rows: IntArray, seed: int) -> Scale:
    """Measure how far apart two of the images at ``rows``, taken at random, usually are."""
    sample = np.sort(rows[numpy_generator(seed, "near copies").permutation(len(rows))[:AMONG]])
    seen = thumbnails(images, sample).astype(np.float64)
    centre = seen.mean(axis=0)
    seen -= centre
    radius = NEAR * float(np.sqrt(2.0 * (seen**2).sum() / max(1, len(seen) - 1)))
    some = seen[:: max(1, len(seen) // SEEN)]
    return Scale(radius, centre, np.linalg.svd(some, full_matrices=False)[2][:MANY_AXES].T, some)


def near_pairs(images: UInt8Array, rows: IntArray, seed: int) -> IntArray:
    """Find all pairs whose distance, as thumbnails, is less than `NEAR` of that of two images taken at random.

    Args:
        images: uint8, N×C×H×W.
        rows: Which images, at least 2.
        seed: The project's; a sample says how far apart two images usually are.

    Returns:
        int64, P×2: pairs out of ``rows``, the smaller first.

    Raises:
        DataError: There are very many pairs: most images must be near copies.
    """
    scale = measure(images, rows, seed)
    radius, width = scale.radius, int(np.prod(images.shape[1:]))
    points = np.concatenate([scale.points(images, rows[part]) for part in blocks(len(rows), width)])
    some = scale.sample @ scale.axes[:, :FEW_AXES]
    brought_up = (pdist(some) < radius).mean() if len(some) > 1 else 0.0
    search = _by_tree if brought_up <= RARE else _by_tiles
    found = [np.empty((0, 2), dtype=np.int64)]
    for candidates in search(points, radius * (1 + ROUNDING)):
        for part in blocks(len(candidates), width):
            pairs = candidates[part]
            found.append(pairs[_distances(images, rows[pairs]) < radius])
        if sum(map(len, found)) > MOST_PAIRS:
            raise DataError(
                f"more than {MOST_PAIRS:,} pairs of images are nearly the same: keep one of a hundred frames of a "
                "film, or tell what belongs together by groups, and leave near_copies out of split.keep_together"
            )
    return np.sort(rows[np.concatenate(found)], axis=1)


def near_others(images: UInt8Array, others: UInt8Array, rows: IntArray, scale: Scale) -> npt.NDArray[np.bool_]:
    """Tell which images are near copies of others.

    Args:
        images: uint8, M×C×H×W.
        others: uint8, N×C×H×W.
        rows: Which of those.
        scale: Says how near.

    Returns:
        Shape (M,).
    """
    near = np.zeros(len(images), dtype=bool)
    width = int(np.prod(images.shape[1:]))
    points = np.concatenate(
        [scale.points(images, np.arange(part.start, part.stop)) for part in blocks(len(images), width)]
    )
    squares, wide = (points**2).sum(axis=1), scale.radius * (1 + ROUNDING)
    for part in blocks(len(rows), 1, TILE):
        known = scale.points(others, rows[part])
        for own in blocks(len(images), 1, TILE):
            distances = squares[own][:, None] + (known**2).sum(axis=1) - 2.0 * points[own] @ known.T
            first, second = np.nonzero(distances < wide**2)
            for some in blocks(len(first), width):
                one, other = first[some] + own.start, rows[part][second[some]]
                seen = thumbnails(images, one).astype(np.float64) - thumbnails(others, other)
                near[one[np.sqrt((seen**2).sum(axis=1)) < scale.radius]] = True
    return near


def _by_tree(points: FloatArray, radius: float) -> Iterator[IntArray]:
    """Yield all pairs of points within a radius, P×2: quick where few points are near each other by a few numbers."""
    few = points[:, :FEW_AXES]
    tree = KDTree(few)
    for start in range(0, len(points), AT_ONCE):
        own = np.arange(start, min(start + AT_ONCE, len(points)))
        lists: Any = tree.query_ball_point(few[own], radius, return_sorted=False)
        first = np.repeat(own, [len(each) for each in lists])
        second = np.concatenate([np.asarray(each, dtype=np.int64) for each in lists])
        pairs = np.stack([first, second], axis=1)[first < second]
        for part in blocks(len(pairs), points.shape[1]):
            one, other = points[pairs[part, 0]], points[pairs[part, 1]]
            yield pairs[part][((one - other) ** 2).sum(axis=1) < radius**2]


def _by_tiles(points: FloatArray, radius: float) -> Iterator[IntArray]:
    """Yield the same by the distances of every two: N² of them, by matrix products."""
    numbers = points.astype(np.float32)
    squares = (numbers**2).sum(axis=1)
    for start in range(0, len(numbers), TILE):
        for other in range(start, len(numbers), TILE):
            one, two = slice(start, start + TILE), slice(other, other + TILE)
            distances = squares[one][:, None] + squares[two][None] - 2.0 * numbers[one] @ numbers[two].T
            first, second = np.nonzero(distances < radius**2)
            pairs = np.stack([first + start, second + other], axis=1)
            yield pairs[pairs[:, 0] < pairs[:, 1]]


def _distances(images: UInt8Array, pairs: IntArray) -> FloatArray:
    rows, places = np.unique(pairs, return_inverse=True)
    seen = thumbnails(images, rows).astype(np.float64)
    one, other = (seen[places.reshape(pairs.shape)[:, side]] for side in (0, 1))
    return np.sqrt(((one - other) ** 2).sum(axis=1))
