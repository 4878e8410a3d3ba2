"""Stratified splits and scarcity: which rows go to train, val and test. Pure functions of what is known, and a seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from augment.core.errors import DataError
from augment.core.images import IntArray
from augment.core.seeding import derive_seed, numpy_generator
from augment.core.text import listed
from augment.datasets.dealing import deal
from augment.datasets.raw import RawImages
from augment.datasets.split_spec import CellScarcity, NamedGroups, OfficialPart, Scarcity, SplitSpec
from augment.datasets.together import blocks_together, refuse_leaks

SKLEARN_SEEDS = 2**32


@dataclass(frozen=True)
class Split:
    """Row numbers of each split, int64, ascending, disjoint."""

    train: IntArray
    val: IntArray
    test: IntArray


def split_rows(raw: RawImages, spec: SplitSpec, seed: int, rows: IntArray | None = None) -> Split:
    """Deal rows to train, val and test, each class in proportion, and together what `SplitSpec.keep_together` says.

    Args:
        raw: The images.
        spec: Sizes of val and test.
        seed: The project's seed (``seed`` in ``params.yaml``).
        rows: Which rows, ascending; all by default.

    Raises:
        DataError: A class has too few images, or images that may part, to stand in every split, the sizes leave
            nothing to train on, what is asked of the source it does not tell, or what is kept together stands in two
            of its splits. Every class concerned is named.
    """
    rows = np.arange(len(raw.labels), dtype=np.int64) if rows is None else rows
    blocks = blocks_together(raw, spec, rows, seed)
    deal = Deal(raw, blocks, seed)
    rest, test = deal.apart(rows, spec.test, "test")
    train, val = deal.apart(rest, spec.val, "val")
    split = Split(np.sort(train), np.sort(val), np.sort(test))
    if blocks is not None:
        refuse_leaks(raw, blocks, vars(split))
    _require_every_class(raw, split)
    return split


class Deal(NamedTuple):
    """Sets a part of some images apart.

    Attributes:
        raw: The images.
        blocks: See `blocks_together`.
        seed: The project's.
    """

    raw: RawImages
    blocks: IntArray | None
    seed: int

    def apart(self, rows: IntArray, size: object, name: str) -> tuple[IntArray, IntArray]:
        """Part ``rows`` into those that are left, and the split ``name``; the rest of what a source sets apart is gone.

        Raises:
            DataError: See `split_rows`.
        """
        if isinstance(size, NamedGroups):
            chosen = self._of_groups(rows, size, name)
        elif isinstance(size, OfficialPart) or size == "official":
            chosen = self._official(name)[rows]
        else:
            assert isinstance(size, float | int)  # noqa: S101  # the settings allow nothing else
            return self._deal(rows, size, name)
        left, own = rows[~chosen], rows[chosen]
        return left, (self._deal(own, size.official, name)[1] if isinstance(size, OfficialPart) else own)

    def _deal(self, rows: IntArray, share: float | int, name: str) -> tuple[IntArray, IntArray]:
        if self.blocks is None:
            return _deal(rows, self.raw, share, name, self.seed)
        apart = _size_apart(rows, share, name, len(self.raw.classes))
        rng = numpy_generator(self.seed, "split", name)
        need = 2 if name == "test" else 1
        try:
            chosen = deal(self.raw.labels[rows], self.blocks[rows], apart, self.raw.classes, need, rng)
        except DataError as error:
            raise DataError(f"split.{name}, split.keep_together: {error}") from error
        return rows[~chosen], rows[chosen]

    def _official(self, name: str) -> npt.NDArray[np.bool_]:
        found = self.raw.is_test if name == "test" else self.raw.is_val
        if found is None:
            what = {"test": "test", "val": "validation"}[name]
            raise DataError(
                f"split.{name}: official, but this source sets no {what} images apart; expected a share or number"
            )
        return found

    def _of_groups(self, rows: IntArray, size: NamedGroups, name: str) -> npt.NDArray[np.bool_]:
        if self.raw.groups is None:
            raise DataError(f"split.{name}: groups, but this source tells no groups; see docs/datasets.md")
        there = set(self.raw.groups[rows].tolist())
        unknown = [group for group in size.groups if group not in there]
        if unknown:
            raise DataError(f"split.{name}: found no group {listed(unknown)}; expected some of {listed(sorted(there))}")
        return np.isin(self.raw.groups[rows], size.groups)


def _size_apart(rows: IntArray, share: float | int, name: str, classes: int) -> int:
    """Count what is set apart: as train_test_split rounds, a share up."""
    apart = math.ceil(share * len(rows)) if isinstance(share, float) else share
    if not classes <= apart <= len(rows) - classes:
        raise DataError(
            f"split.{name}: {share} of {len(rows)} images would set {apart} apart; expected {classes} to "
            f"{len(rows) - classes}, so that each of the {classes} classes can stand on both sides"
        )
    return apart


def _deal(rows: IntArray, raw: RawImages, share: float | int, name: str, seed: int) -> tuple[IntArray, IntArray]:
    """Set ``share`` of ``rows`` apart, stratified."""
    classes = len(raw.classes)
    smallest = 2  # one image for each side
    counts = np.bincount(raw.labels[rows], minlength=classes)
    short = [f"{raw.classes[k]} ({counts[k]})" for k in np.flatnonzero(counts < smallest)]
    if short:
        raise DataError(
            f"split.{name}: every class needs at least {smallest} images to set some apart, too few of {listed(short)}"
        )
    _size_apart(rows, share, name, classes)
    kept, taken = train_test_split(
        rows,
        test_size=share,
        stratify=raw.labels[rows],
        random_state=derive_seed(seed, "split", name) % SKLEARN_SEEDS,
    )
    return kept, taken


def _require_every_class(raw: RawImages, split: Split) -> None:
    counts = {name: np.bincount(raw.labels[part], minlength=len(raw.classes)) for name, part in vars(split).items()}
    absent = np.flatnonzero(np.min(list(counts.values()), axis=0) == 0)
    if len(absent):
        dealt = [
            f"{raw.classes[k]} (" + ", ".join(f"{name} {count[k]}" for name, count in counts.items()) + ")"
            for k in absent
        ]
        raise DataError(
            f"split: expected at least one image of every class in each of {', '.join(counts)}, found too few of "
            f"{listed(dealt)}. Add images of these classes, leave the classes out, or change split.val or split.test"
        )


def scarce(raw: RawImages, split: Split, spec: Scarcity, seed: int) -> tuple[Split, IntArray]:
    """Thin the train split, and val with it where cells are thinned: it is no better informed than training.

    Args:
        raw: The images; labels, class names and groups matter.
        split: Of the rows.
        spec: How scarce.
        seed: The project's seed (``seed`` in ``params.yaml``).

    Returns:
        The split, images that val gives up now among those of train, and the train rows that are kept.

    Raises:
        DataError: See `thin`; or a group or a class of the cells does not exist, or one has no image left.
    """
    if not isinstance(spec, CellScarcity):
        return split, thin(split.train, raw.labels, raw.classes, spec, seed)
    cells = _cells(raw, spec)
    of_val = round(spec.count * len(split.val) / len(split.train))
    train, val = (
        _without(part, raw, cells, count, seed) for part, count in ((split.train, spec.count), (split.val, of_val))
    )
    kept = Split(np.sort(np.concatenate([split.train, np.setdiff1d(split.val, val)])), val, split.test)
    _require_every_class(raw, replace(kept, train=train))
    return kept, train


def _cells(raw: RawImages, spec: CellScarcity) -> list[tuple[str, int]]:
    """List the cells by group and label."""
    groups = set() if raw.groups is None else set(raw.groups.tolist())
    known = {*raw.classes}
    wrong = [f"group {name}" for name in spec.cells if name not in groups]
    wrong += [f"class {name}" for names in spec.cells.values() for name in names if name not in known]
    if wrong:
        raise DataError(
            f"scarcity.cells: no image is of {listed(wrong)}; expected groups among {listed(sorted(groups)) or 'none'} "
            f"and classes among {listed(raw.classes)}"
        )
    return [(group, raw.classes.index(name)) for group, names in spec.cells.items() for name in names]


def _without(rows: IntArray, raw: RawImages, cells: Sequence[tuple[str, int]], count: int, seed: int) -> IntArray:
    """Leave at most ``count`` rows of each cell; a smaller count leaves a subset of what a larger one leaves."""
    groups, dropped = np.asarray(raw.groups)[rows], np.zeros(len(rows), dtype=bool)
    for group, label in cells:
        own = np.flatnonzero((groups == group) & (raw.labels[rows] == label))
        dropped[numpy_generator(seed, "scarcity", group, label).permutation(own)[count:]] = True
    return rows[~dropped]


def thin(rows: IntArray, labels: IntArray, classes: Sequence[str], spec: Scarcity, seed: int) -> IntArray:
    """Keep a scarce part of the train rows.

    Args:
        rows: Train rows.
        labels: Labels of all rows, indexed by row number.
        classes: Class names, for the error message.
        spec: How scarce.
        seed: The project's seed (``seed`` in ``params.yaml``); a smaller count keeps a subset of what a larger one
            keeps.

    Raises:
        DataError: Classes have fewer train images than they should keep; each is named.
    """
    wanted = spec.targets(len(classes))
    if wanted is None:
        return rows
    own = [rows[labels[rows] == label] for label in range(len(classes))]
    short = [
        f"class {name} has {len(found)} train images, expected at least {count}"
        for name, found, count in zip(classes, own, wanted, strict=True)
        if len(found) < count
    ]
    if short:
        raise DataError(f"scarcity: {listed(short, '; ')}")
    kept = [
        found[numpy_generator(seed, "scarcity", label).permutation(len(found))[:count]]
        for label, (found, count) in enumerate(zip(own, wanted, strict=True))
    ]
    return np.sort(np.concatenate(kept))
