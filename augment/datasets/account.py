"""What became of every file and image of a dataset, and what of it may make a result wrong."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from augment.core.images import IntArray
from augment.core.text import counted, listed, printable
from augment.datasets.cells import cells_in, scarce_cells
from augment.datasets.checks import Distinct, almost_same, near_copies
from augment.datasets.pool import Kept, told
from augment.datasets.raw import RawImages
from augment.datasets.splits import Split

MANY_COPIES, MANY_NEAR = 0.1, 0.05
"""Shares from which on copies of a class, and near copies, are worth a warning."""
UNCERTAIN = 0.1
"""Half of a 95 % interval of accuracy, at worst, from which on a test split is called small."""
FEW = 5
"""Images of a class, in val or test, below which its own figures say next to nothing."""
EXAMPLES = 10
NAMED = 3
"""Files left out that are named each; of more only folders and numbers are told, for their paths can be long."""


class Account(NamedTuple):
    """What became of every file and image.

    Attributes:
        files: Files met, read and left out by reason, with examples.
        classes: Class → how many images were read, left out (and why), and stand in each split.
        cells: Class → group → images in each split; see `cells_in`.
        notes: What a user may want to know.
        warnings: What may make a result wrong, and what to do.
        unlabelled: What became of how many images without labels, see `Kept`; None where there are none.
    """

    files: dict[str, Any]
    classes: dict[str, dict[str, int]]
    cells: dict[str, dict[str, dict[str, int]]]
    notes: list[str]
    warnings: list[str]
    unlabelled: dict[str, int] | None = None


def account(
    everything: RawImages,
    found: Distinct,
    split: Split,
    train: IntArray,
    seed: int,
    together: frozenset[str] = frozenset(),
    unlabelled: Kept | None = None,
) -> Account:
    """Account for a dataset that was dealt to splits.

    Args:
        everything: What the source gave.
        found: Which of its rows are kept, and why others are not.
        split: Rows of those kept.
        train: Those of them that the scarce train split keeps.
        seed: The project's seed; of many images a sample is searched for near copies.
        together: What no two splits share; see `SplitSpec`.
        unlabelled: What is left of the images without labels.
    """
    unused = np.setdiff1d(found.rows, np.concatenate([split.train, split.val, split.test]))
    dealt = {"train": train, "val": split.val, "test": split.test}
    columns = {
        "read": everything.counts(),
        **{name: _counts(everything, rows) for name, rows in _left_out(found).items()},
        **{name: _counts(everything, rows) for name, rows in dealt.items()},
        "thinned": _counts(everything, np.setdiff1d(split.train, train)),
        **({"unused": _counts(everything, unused)} if len(unused) else {}),
    }
    classes = {
        name: {column: int(counts[label]) for column, counts in columns.items()}
        for label, name in enumerate(everything.classes)
    }
    left_out = everything.account.left_out
    files = {
        "read": sum(len(each.names) for each in (everything, everything.unlabelled) if each and each.names is not None),
        "left_out": {
            reason: {
                "files": len(names),
                "by_class": dict(sorted(Counter(_class_of(name) for name in names).items())),
                "examples": [printable(name) for name in names[:EXAMPLES]],
            }
            for reason, names in left_out.items()
        },
    }
    notes = [_left_lying(reason, names) for reason, names in left_out.items()]
    notes += [*everything.account.notes, *_notes(classes)]
    if len(unused):
        notes.append(
            f"{len(unused)} images of what the source sets apart are not used, as split.test or split.val says"
        )
    warnings = [*everything.account.warnings, *_alike(everything), *lost(everything, found)]
    warnings += [] if "near_copies" in together else _near(everything, found.rows, seed)
    cells = cells_in(everything, dealt)
    warnings += [*_straddling(everything, dealt), *small(classes)]
    # What a classifier takes for a class of the groups that it knows is no question where it is asked about new ones.
    warnings += [] if "group" in together else scarce_cells(cells)
    if unlabelled is not None:
        notes.append(told(unlabelled.account))
        warnings += unlabelled.warnings
    return Account(files, classes, cells, notes, warnings, None if unlabelled is None else unlabelled.account)


def _left_lying(reason: str, names: Sequence[str]) -> str:
    """Name files that are left out where they are few; of more, tell how many of each folder, and one name."""
    if len(names) <= NAMED:
        return f"{counted(len(names), 'file')} left out, {reason}: {listed(names)}"
    below = Counter(printable(name.partition("/")[0]) if "/" in name else "no folder" for name in names)
    where = listed(f"{count} in {folder}" for folder, count in below.most_common())
    return f"{len(names)} files left out, {reason}: {where}, e.g. {printable(names[0])}"


def lost(everything: RawImages, found: Distinct) -> Iterator[str]:
    """Say which classes lost images because the same image is there several times."""
    read, copies = everything.counts(), _counts(everything, found.copies)
    for label in np.flatnonzero(copies >= MANY_COPIES * read):
        if copies[label]:
            example = next(row for row in found.copies if everything.labels[row] == label)
            yield (
                f"class {everything.classes[label]}: {copies[label]} of {read[label]} images are copies of others of "
                f"the class, pixel by pixel, and left out, e.g. {everything.name(example)}"
            )
    if found.disputed:
        concerned = _counts(everything, _left_out(found)["several_labels"])
        by_class = (f"{everything.classes[k]} ({concerned[k]} of {read[k]})" for k in np.flatnonzero(concerned))
        examples = (" = ".join(everything.name(row) for row in rows) for rows in found.disputed)
        yield (
            f"{concerned.sum()} images are left out, as the same image stands under several labels: of "
            f"{listed(by_class)}: {listed(examples)}. Each image has one label here: leave each in one class"
        )


def _class_of(name: str) -> str:
    """Give the class folder of a file; empty for one beside them."""
    return printable(name.rpartition("/")[0].partition("/")[0])


def _left_out(found: Distinct) -> dict[str, IntArray]:
    disputed = np.asarray([row for rows in found.disputed for row in rows], dtype=np.int64)
    return {"copies": found.copies, "several_labels": disputed}


def _counts(raw: RawImages, rows: IntArray) -> IntArray:
    return np.bincount(raw.labels[rows], minlength=len(raw.classes)).astype(np.int64)


def _notes(classes: dict[str, dict[str, int]]) -> Iterator[str]:
    trained = {counts["train"] for counts in classes.values()}
    if len(trained) == 1:
        yield (
            f"every class has {trained.pop()} train images: a mix with `fill: largest` has nothing to fill; "
            "give it a `share`"
        )


def _alike(everything: RawImages) -> Iterator[str]:
    groups = () if everything.groups is None else sorted(set(everything.groups.tolist()))
    for what, names in (("classes", everything.classes), ("groups", groups)):
        for same in almost_same(names):
            spelt = [name if name.isascii() else f"{name} ({ascii(name)[1:-1]})" for name in same]
            yield f"{what} whose names are almost the same: {listed(spelt)}. If they are one, give them one name"
    if {"-1", "0"} <= {*everything.classes}:
        yield "a class is called -1, which in many datasets means that an image has no label: is it a class?"


def _near(everything: RawImages, kept: IntArray, seed: int) -> Iterator[str]:
    near, looked_at, pair = near_copies(everything.images, seed, kept)
    if pair is not None and near >= MANY_NEAR * looked_at:
        one, other = (everything.name(row) for row in pair)
        yield (
            f"{near} of {looked_at} images that were looked at have a near copy, e.g. {one} and {other}: frames of a "
            "film, or pictures of one object? Such images stand in train and test alike, and every accuracy is too "
            "high for images that are truly new. Keep one of each, or say `split.keep_together: near_copies`"
        )


def _straddling(everything: RawImages, dealt: dict[str, IntArray]) -> Iterator[str]:
    if everything.groups is None:
        return
    trained, tested = (set(everything.groups[dealt[name]].tolist()) for name in ("train", "test"))
    both = sorted(trained & tested)
    if both:
        yield (
            f"{len(both)} of {len(trained | tested)} groups stand in train and in test ({listed(both)}): accuracies "
            "are those of groups known from training, and say nothing of a new one. For that, say "
            "`split.keep_together: group`"
        )


def small(classes: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Say what cannot be told, or made, of so few images.

    Args:
        classes: Class → images in ``train``, ``val`` and ``test``.
    """
    test = sum(counts["test"] for counts in classes.values())
    half_width = 1.96 * math.sqrt(0.25 / test)
    if half_width > UNCERTAIN:
        yield (
            f"{test} test images: an accuracy measured on them is uncertain by up to ±{100 * half_width:.0f} points; "
            "smaller differences between arms cannot be told from chance. Raise split.test, or add images"
        )
    for split in ("val", "test"):
        few = _under(classes, split, FEW)
        if few:
            yield f"fewer than {FEW} {split} images of {listed(few)}: figures of these classes mean next to nothing"
    single = _under(classes, "train", 2)
    if single:
        yield (
            f"a single train image of {listed(single)}: nothing can be interpolated, and no synthesizer learns how "
            "such images vary. Add images, lower split.val and split.test, or leave the classes out"
        )


def _under(classes: Mapping[str, Mapping[str, int]], split: str, count: int) -> list[str]:
    return [f"{name} ({counts[split]})" for name, counts in classes.items() if counts[split] < count]


def lines(notes: Iterable[str], warnings: Iterable[str]) -> Iterator[str]:
    """Give what a terminal shows: notes, then warnings."""
    yield from (f"note: {note}" for note in notes)
    yield from (f"WARNING: {warning}" for warning in warnings)
