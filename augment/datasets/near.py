"""All pairs of images that are nearly the same: found exactly, by a search tree on a few numbers of each image."""

from collections.abc import Iterator

import numpy as np
from scipy.spatial import KDTree

from augment.core.errors import DataError
from augment.core.images import FloatArray, IntArray, UInt8Array, blocks
from augment.core.seeding import numpy_generator
from augment.datasets.checks import AMONG, NEAR, thumbnails

AXES = 8
"""Numbers of each image in the tree. The distance in them is at most the true one: no pair is missed."""
SEEN = 1000
"""Images that the axes are chosen by; others would only make the search longer or shorter."""
AT_ONCE, MOST_PAIRS = 4096, 50_000_000
ROUNDING = 1e-6


def near_pairs(images: UInt8Array, rows: IntArray, seed: int) -> IntArray:
    """Find all pairs whose distance, as thumbnails, is less than `NEAR` of that of two images taken at random.

    Args:
        images: uint8, N×C×H×W.
        rows: Which images, at least 2.
        seed: The project's; a sample says how far apart two images usually are.

    Returns:
        int64, P×2: pairs out of ``rows``, the smaller first.

    Raises:
        DataError: There are so many pairs that most images must be near copies.
    """
    sample = np.sort(rows[numpy_generator(seed, "near copies").permutation(len(rows))[:AMONG]])
    seen = thumbnails(images, sample).astype(np.float64)
    centre = seen.mean(axis=0)
    seen -= centre
    radius = NEAR * float(np.sqrt(2.0 * (seen**2).sum() / max(1, len(seen) - 1)))
    _, _, axes = np.linalg.svd(seen[:: max(1, len(seen) // SEEN)], full_matrices=False)
    axes = axes[:AXES].T
    width = int(np.prod(images.shape[1:]))
    points = np.concatenate(
        [(thumbnails(images, rows[some]) - centre) @ axes for some in blocks(len(rows), width)]
    ).astype(np.float64)
    found = [
        pairs[_distances(images, rows[pairs]) < radius]
        for candidates in _candidates(points, radius * (1 + ROUNDING))
        for pairs in (candidates[some] for some in blocks(len(candidates), width))
    ]
    return np.sort(rows[np.concatenate([np.empty((0, 2), dtype=np.int64), *found])], axis=1)


def _candidates(points: FloatArray, radius: float) -> Iterator[IntArray]:
    """Yield all pairs of points within a radius, P×2, the smaller first."""
    tree, total = KDTree(points), 0
    for start in range(0, len(points), AT_ONCE):
        own = np.arange(start, min(start + AT_ONCE, len(points)))
        counts = np.asarray(tree.query_ball_point(points[own], radius, return_length=True))
        total += int(counts.sum()) - len(own)
        if total > MOST_PAIRS:
            raise DataError(
                f"more than {MOST_PAIRS // 2:,} pairs of images are nearly the same: keep one of a hundred frames of a "
                "film, or tell what belongs together by groups, and leave near_copies out of split.keep_together"
            )
        lists = tree.query_ball_point(points[own[counts > 1]], radius, return_sorted=False)
        first = np.repeat(own[counts > 1], counts[counts > 1])
        second = np.concatenate([np.empty(0, dtype=np.int64), *(np.asarray(each, dtype=np.int64) for each in lists)])
        yield np.stack([first, second], axis=1)[first < second]


def _distances(images: UInt8Array, pairs: IntArray) -> FloatArray:
    one, other = (thumbnails(images, pairs[:, side]).astype(np.float64) for side in (0, 1))
    return np.sqrt(((one - other) ** 2).sum(axis=1))
