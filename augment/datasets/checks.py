"""Checks on raw images before anything trains on them."""

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from augment.core.errors import DataError
from augment.core.images import Float32Array, HashArray, IntArray, UInt8Array, blocks, content_hashes
from augment.core.seeding import numpy_generator
from augment.core.text import listed
from augment.datasets.raw import MAX_SIDE, MIN_SIDE, RawImages, Shape

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


def almost_same(names: Iterable[str]) -> list[list[str]]:
    """Find names that differ by case, spaces or marks between words, or by how Unicode spells the same signs."""
    alike: dict[str, list[str]] = {}
    for name in names:
        if re.fullmatch(r"[-+]\d+", name):  # a sign is no mark between words
            continue
        plain = unicodedata.normalize("NFKC", name).casefold().replace("_", " ").replace("-", " ")
        alike.setdefault(" ".join(unicodedata.normalize("NFKC", plain).split()), []).append(name)
    return [each for each in alike.values() if len(each) > 1]


class Distinct(NamedTuple):
    """Which images are kept so that no two have the same pixels, hence none stands in two splits.

    Attributes:
        rows: Of images to keep, ascending, int64.
        copies: Of images that are left out because the same image, with the same label, is kept; int64.
        disputed: Sets of rows: images with the same pixels and several labels. All are left out: nobody can say which
            label is right.
        hashes: SHA-256 of every image, kept or not; see `content_hashes`.
    """

    rows: IntArray
    copies: IntArray
    disputed: list[list[int]]
    hashes: HashArray


def distinct(raw: RawImages) -> Distinct:
    """Find images with the same pixels; of equal ones the first is kept, one of test before val before others."""
    set_apart = raw.is_test, raw.is_val
    hashes = content_hashes(raw.images)
    keep = np.ones(len(hashes), dtype=bool)
    copies, disputed = list[int](), list[list[int]]()
    for rows in equal(hashes):
        keep[rows] = False
        if len(set(raw.labels[rows].tolist())) > 1:
            disputed.append(rows)
            continue
        first = min(rows, key=lambda row: (*(apart is not None and not apart[row] for apart in set_apart), row))
        keep[first] = True
        copies += [row for row in rows if row != first]
    return Distinct(np.flatnonzero(keep), np.sort(np.asarray(copies, dtype=np.int64)), disputed, hashes)


def equal(hashes: HashArray) -> list[list[int]]:
    """List the rows of each hash that stands there several times, ascending; in the order of their first rows."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    several = np.flatnonzero(np.diff(cuts, prepend=0, append=len(order)) > 1)
    starts = np.concatenate([[0], cuts, [len(order)]])
    return sorted(order[starts[run] : starts[run + 1]].tolist() for run in several)


NEAR = 0.1
"""Images are near copies where their distance is less than this share of that of two images taken at random."""
PROBES, AMONG = 500, 5000
"""Images that are looked for, and among how many: enough to see that a dataset has near copies."""
THUMBNAIL = 16


def near_copies(images: UInt8Array, seed: int, rows: IntArray | None = None) -> tuple[int, int, tuple[int, int] | None]:
    """Look for images that are nearly the same: frames of one film, pictures of one object in a row.

    Args:
        images: uint8, N×C×H×W.
        seed: The project's seed; of many images a sample is looked at.
        rows: Which images, at least 2; all by default.

    Returns:
        How many images have a near copy among the others, of how many that were looked at, and the rows of one pair.
    """
    rows = np.arange(len(images)) if rows is None else rows
    rows = np.sort(rows[numpy_generator(seed, "near copies").permutation(len(rows))[:AMONG]])
    among = thumbnails(images, rows)
    among = among - among.mean(axis=0, dtype=np.float64)
    own = np.arange(0, len(among), max(1, len(among) // PROBES))[:PROBES]
    squares = (among**2).sum(axis=1)
    distances = among[own] @ among.T
    distances *= -2.0  # in place, as are the sums: of large images' rows one copy is enough
    distances += squares[own][:, None]
    distances += squares
    distances[np.arange(len(own)), own] = 0.0
    usual = distances.sum() / (distances.size - len(own))
    distances[np.arange(len(own)), own] = np.inf
    nearest = distances.argmin(axis=1)
    near = np.flatnonzero(distances[np.arange(len(own)), nearest] < NEAR**2 * usual)
    pair = (int(rows[own[near[0]]]), int(rows[nearest[near[0]]])) if len(near) else None
    return len(near), len(own), pair


def thumbnails(images: UInt8Array, rows: IntArray) -> Float32Array:
    """Shrink the images at ``rows`` to at most 16×16 by means over blocks, float32, N×D."""
    _, channels, *sides = images.shape
    steps = [max(1, side // THUMBNAIL) for side in sides]
    height, width = (side // step * step for side, step in zip(sides, steps, strict=True))
    made = np.zeros((len(rows), channels, height // steps[0], width // steps[1]), dtype=np.float32)
    for some in blocks(len(rows), channels * height * width):
        seen = images[rows[some], :, :height, :width]
        for down, right in np.ndindex(*steps):  # sums of whole numbers, exact in float32, far quicker than mean
            made[some] += seen[:, :, down :: steps[0], right :: steps[1]]
    made /= math.prod(steps)
    return made.reshape(len(rows), -1)
