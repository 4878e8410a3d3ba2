"""Checks on raw images before anything trains on them."""

import numpy as np

from augment.core.errors import DataError
from augment.core.images import IntArray, content_hashes
from augment.datasets.sources import RawImages
from augment.datasets.specs import MAX_SIDE, MIN_SIDE

MIN_CLASSES = 2


def validate(raw: RawImages, name: str) -> None:
    """Refuse what the pipeline cannot work with.

    Raises:
        DataError: No images, fewer than two classes, a class without images, or sides out of range.
    """
    if len(raw.images) == 0:
        raise DataError(f"dataset {name}: expected images, found none")
    if len(raw.classes) < MIN_CLASSES:
        raise DataError(f"dataset {name}: expected at least {MIN_CLASSES} classes, found {list(raw.classes)}")
    height, width = raw.images.shape[2:]
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in (height, width)):
        raise DataError(f"dataset {name}: expected sides of {MIN_SIDE} to {MAX_SIDE} pixels, found {height}×{width}")
    counts = np.bincount(raw.labels, minlength=len(raw.classes))
    empty = [raw.classes[label] for label in np.flatnonzero(counts == 0)]
    if empty:
        raise DataError(f"dataset {name}: expected images of every class, found none of {', '.join(empty)}")


def distinct_rows(raw: RawImages) -> IntArray:
    """Find the rows to keep so that no two images have the same pixels, hence none stands in two splits.

    Of copies that agree on the label the first is kept, one that the source sets apart for testing before any
    other. Copies that disagree on the label are all dropped: nobody can say which label is right.

    Returns:
        Row numbers in ascending order, int64.
    """
    rows_of: dict[str, list[int]] = {}
    for row, content_hash in enumerate(content_hashes(raw.images)):
        rows_of.setdefault(content_hash, []).append(row)
    keep = [
        min(rows, key=lambda row: (raw.is_test is not None and not raw.is_test[row], row))
        for rows in rows_of.values()
        if len(set(raw.labels[rows].tolist())) == 1
    ]
    return np.sort(np.asarray(keep, dtype=np.int64))
