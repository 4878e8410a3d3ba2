"""Euclidean distances between two sets of points, tile by tile: memory stays bounded whatever the sizes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from augment.core import images
from augment.core.images import FloatArray, IntArray

Points = npt.NDArray[np.number]
"""N×D: features, or the flattened pixels of images. Any number type; distances are computed in float64."""

TILE_NUMBERS = 2**22
"""Numbers of one float64 tile: 32 MiB."""


class Nearest(NamedTuple):
    """The nearest neighbour of each point.

    Attributes:
        distance: float64, shape (N,).
        row: Which of the others it is, int64, shape (N,).
    """

    distance: FloatArray
    row: IntArray


def blocks(count: int, width: int) -> Iterator[slice]:
    """Cut ``count`` rows of ``width`` numbers each into slices that fit one tile."""
    return images.blocks(count, width, TILE_NUMBERS)


def distances(first: Points, second: Points) -> FloatArray:
    """Euclidean distance between every two points, N×M.

    |a - b|² = |a|² + |b|² - 2ab, exact for whole numbers (pixels) and good to 1e-7 of the points' norm elsewhere.

    Args:
        first: N×D.
        second: M×D.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2.0 * a @ b.T
    return np.sqrt(squares.clip(min=0.0))


def nearest(points: Points, others: Points) -> Nearest:
    """Find the nearest of ``others`` for each point; the first one wins a tie.

    Args:
        points: N×D.
        others: M×D, M ≥ 1.
    """
    distance, row = np.full(len(points), np.inf), np.zeros(len(points), dtype=np.int64)
    side = max(points.shape[1], int(TILE_NUMBERS**0.5))  # bounds both the tile and the float64 copies of the points
    for rows in blocks(len(points), side):
        for columns in blocks(len(others), side):
            tile = distances(points[rows], others[columns])
            best = tile.argmin(1)
            found = tile[np.arange(len(tile)), best]
            closer = found < distance[rows]
            distance[rows] = np.where(closer, found, distance[rows])
            row[rows] = np.where(closer, best + columns.start, row[rows])
    return Nearest(distance, row)


def radii(points: Points, neighbours: Sequence[int]) -> FloatArray:
    """Distance of each point to its k-th nearest other point, for each k: len(neighbours)×N.

    Args:
        points: N×D, N > max(neighbours).
        neighbours: Each k, from 1.
    """
    found = np.empty((len(neighbours), len(points)))
    for rows in blocks(len(points), len(points)):
        tile = distances(points[rows], points)
        tile[np.arange(len(tile)), np.arange(rows.start, rows.stop)] = np.inf  # no point is its own neighbour
        order = [k - 1 for k in neighbours]
        found[:, rows] = np.partition(tile, order, axis=1)[:, order].T
    return found


def mean_pairwise_distance(points: Points) -> float:
    """Mean distance between two different points; NaN for fewer than two.

    Args:
        points: N×D.
    """
    count = len(points)
    if count < 2:
        return float("nan")
    total = 0.0
    for rows in blocks(count, count):
        tile = distances(points[rows], points)
        tile[np.arange(len(tile)), np.arange(rows.start, rows.stop)] = 0.0  # a point's own distance, but for rounding
        total += float(tile.sum())
    return total / (count * (count - 1))
