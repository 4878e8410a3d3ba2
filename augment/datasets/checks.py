"""Checks on raw images before anything trains on them."""

from typing import NamedTuple

import numpy as np

from augment.core.errors import DataError
from augment.core.images import FloatArray, IntArray, UInt8Array, content_hashes
from augment.core.seeding import numpy_generator
from augment.core.text import listed
from augment.datasets.raw import RawImages, Shape
from augment.datasets.specs import MAX_SIDE, MIN_SIDE

MIN_CLASSES = 2


def validate(raw: RawImages, name: str, shape: Shape) -> None:
    """Refuse what the pipeline cannot work with.

    Args:
        raw: All images of a dataset.
        name: The dataset's.
        shape: What the images have by the settings.

    Raises:
        DataError: No images, fewer than two classes, a class without images, sides out of range, another shape.
    """
    if len(raw.images) == 0:
        raise DataError(f"dataset {name}: expected images, found none")
    if len(raw.classes) < MIN_CLASSES:
        raise DataError(f"dataset {name}: expected at least {MIN_CLASSES} classes, found {list(raw.classes)}")
    height, width = raw.images.shape[2:]
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in (height, width)):
        raise DataError(f"dataset {name}: expected sides of {MIN_SIDE} to {MAX_SIDE} pixels, found {height}×{width}")
    if raw.images.shape[1:] != shape:
        raise DataError(f"dataset {name}: expected images of shape {shape}, found {raw.images.shape[1:]}")
    empty = [raw.classes[label] for label in np.flatnonzero(raw.counts() == 0)]
    if empty:
        raise DataError(f"dataset {name}: expected images of every class, found none of {listed(empty)}")


class Distinct(NamedTuple):
    """Which images are kept so that no two have the same pixels, hence none stands in two splits.

    Attributes:
        rows: Of images to keep, ascending, int64.
        copies: Of images that are left out because the same image, with the same label, is kept; int64.
        disputed: Sets of rows: images with the same pixels and several labels. All are left out: nobody can say which
            label is right.
    """

    rows: IntArray
    copies: IntArray
    disputed: list[list[int]]


def distinct(raw: RawImages) -> Distinct:
    """Find images with the same pixels; of equal ones the first is kept, one set apart for testing before others."""
    rows_of: dict[str, list[int]] = {}
    for row, content_hash in enumerate(content_hashes(raw.images)):
        rows_of.setdefault(content_hash, []).append(row)
    keep, copies, disputed = [], [], []
    for rows in rows_of.values():
        if len(set(raw.labels[rows].tolist())) > 1:
            disputed.append(rows)
            continue
        kept = min(rows, key=lambda row: (raw.is_test is not None and not raw.is_test[row], row))
        keep.append(kept)
        copies += [row for row in rows if row != kept]
    return Distinct(np.sort(np.asarray(keep, dtype=np.int64)), np.sort(np.asarray(copies, dtype=np.int64)), disputed)


NEAR = 0.1
"""Images are near copies where their distance is less than this share of that of two images taken at random."""
PROBES, AMONG = 500, 5000
"""Images that are looked for, and among how many: enough to see that a dataset has near copies."""
THUMBNAIL = 16


def near_copies(images: UInt8Array, seed: int) -> tuple[int, int, tuple[int, int] | None]:
    """Look for images that are nearly the same: frames of one film, pictures of one object in a row.

    Args:
        images: uint8, N×C×H×W, N ≥ 2.
        seed: The project's seed; of many images a sample is looked at.

    Returns:
        How many images have a near copy among the others, of how many that were looked at, and the rows of one pair.
    """
    rows = np.sort(numpy_generator(seed, "near copies").permutation(len(images))[:AMONG])
    among = _thumbnails(images[rows])
    own = np.arange(0, len(among), max(1, len(among) // PROBES))[:PROBES]
    squares = (among**2).sum(axis=1)
    distances = squares[own][:, None] + squares[None] - 2.0 * among[own] @ among.T
    distances[np.arange(len(own)), own] = 0.0
    usual = distances.sum() / (distances.size - len(own))
    distances[np.arange(len(own)), own] = np.inf
    nearest = distances.argmin(axis=1)
    near = np.flatnonzero(distances[np.arange(len(own)), nearest] < NEAR**2 * usual)
    pair = (int(rows[own[near[0]]]), int(rows[nearest[near[0]]])) if len(near) else None
    return len(near), len(own), pair


def _thumbnails(images: UInt8Array) -> FloatArray:
    """Shrink images to at most 16×16 by means over blocks, less the mean image, N×D."""
    blocks = [max(1, side // THUMBNAIL) for side in images.shape[2:]]
    height, width = (side // block * block for side, block in zip(images.shape[2:], blocks, strict=True))
    count, channels = images.shape[:2]
    cut = images[:, :, :height, :width].astype(np.float32)
    tiles = cut.reshape(count, channels, height // blocks[0], blocks[0], width // blocks[1], blocks[1])
    flat = tiles.mean(axis=(3, 5)).reshape(count, -1).astype(np.float64)
    return flat - flat.mean(axis=0)
