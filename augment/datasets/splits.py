"""Stratified splits and scarcity: which rows go to train, val and test. Pure functions of labels and a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from augment.core.errors import DataError
from augment.core.images import IntArray
from augment.core.seeding import derive_seed, numpy_generator
from augment.datasets.sources import RawImages
from augment.datasets.specs import LongTailScarcity, NoScarcity, PerClassScarcity, ScarcitySpec, SplitSpec

SKLEARN_SEEDS = 2**32


@dataclass(frozen=True)
class Split:
    """Row numbers of each split, int64, ascending, disjoint."""

    train: IntArray
    val: IntArray
    test: IntArray


def split_rows(raw: RawImages, spec: SplitSpec, seed: int) -> Split:
    """Deal all rows to train, val and test, each class in proportion.

    Args:
        raw: The images; only labels and ``is_test`` matter.
        spec: Sizes of val and test.
        seed: The project's seed (``seed`` in ``params.yaml``).

    Raises:
        DataError: A class has too few images to stand in every split, the sizes leave nothing to train on, or
            ``test: official`` is asked of a source that sets no test images apart.
    """
    rows = np.arange(len(raw.labels), dtype=np.int64)
    if spec.test == "official":
        if raw.is_test is None:
            raise DataError(
                "split.test: official, but this source sets no test images apart; expected a share or number"
            )
        rest, test = rows[~raw.is_test], rows[raw.is_test]
    else:
        rest, test = _deal(rows, raw, spec.test, "test", seed)
    train, val = _deal(rest, raw, spec.val, "val", seed)
    split = Split(np.sort(train), np.sort(val), np.sort(test))
    for name, part in (("train", split.train), ("val", split.val), ("test", split.test)):
        _require_every_class(raw, part, name)
    return split


def _deal(rows: IntArray, raw: RawImages, size: float | int, name: str, seed: int) -> tuple[IntArray, IntArray]:
    """Set ``size`` of ``rows`` apart, stratified."""
    smallest = 2  # one image for each side
    counts = np.bincount(raw.labels[rows], minlength=len(raw.classes))
    short = [f"{raw.classes[k]} ({counts[k]})" for k in np.flatnonzero(counts < smallest)]
    if short:
        raise DataError(
            f"split.{name}: every class needs at least {smallest} images to set some apart, "
            f"too few of {', '.join(short)}"
        )
    try:
        kept, apart = train_test_split(
            rows,
            test_size=size,
            stratify=raw.labels[rows],
            random_state=derive_seed(seed, "split", name) % SKLEARN_SEEDS,
        )
    except ValueError as error:
        raise DataError(f"split.{name}: {size} of {len(rows)} images cannot be set apart ({error})") from error
    return kept, apart


def _require_every_class(raw: RawImages, rows: IntArray, name: str) -> None:
    counts = np.bincount(raw.labels[rows], minlength=len(raw.classes))
    absent = [raw.classes[label] for label in np.flatnonzero(counts == 0)]
    if absent:
        raise DataError(
            f"split: {name} has no image of {', '.join(absent)}; expected at least one of every class. "
            "Add images or change the sizes of val and test"
        )


def thin(rows: IntArray, labels: IntArray, classes: Sequence[str], spec: ScarcitySpec, seed: int) -> IntArray:
    """Keep a scarce part of the train rows.

    Args:
        rows: Train rows.
        labels: Labels of all rows, indexed by row number.
        classes: Class names, for the error message.
        spec: How scarce.
        seed: The project's seed (``seed`` in ``params.yaml``); a smaller count keeps a subset of what a larger one
            keeps.

    Raises:
        DataError: A class has fewer train images than it should keep.
    """
    wanted = class_targets(spec, len(classes))
    if wanted is None:
        return rows
    kept = []
    for label, count in enumerate(wanted):
        own = rows[labels[rows] == label]
        if len(own) < count:
            raise DataError(f"scarcity: class {classes[label]} has {len(own)} train images, expected at least {count}")
        order = numpy_generator(seed, "scarcity", label).permutation(len(own))
        kept.append(own[order[:count]])
    return np.sort(np.concatenate(kept))


def class_targets(spec: ScarcitySpec, classes: int) -> list[int] | None:
    """Count the train images each class should keep; None to keep all."""
    match spec:
        case NoScarcity():
            return None
        case PerClassScarcity(count=count):
            return [count] * classes
        case LongTailScarcity(head=head, tail=tail):
            decay = (tail / head) ** (1 / (classes - 1))
            return [round(head * decay**label) for label in range(classes)]
