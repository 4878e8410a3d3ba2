"""What is known of images before they are decoded: label, group, split and name of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from augment.core.errors import DataError
from augment.core.images import IntArray, UInt8Array
from augment.core.text import listed
from augment.datasets.raw import FileAccount, RawImages, Unlabelled

SPLIT_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
"""Words for splits, as Hugging Face's datasets knows them, in lower case."""

Content = Path | bytes | npt.NDArray[np.generic]
"""A file, what stands in one, or an image's numbers, H×W or H×W×C."""


NOTHING_LEFT_OUT = FileAccount()


class Row(NamedTuple):
    """What is told of one image; empty text says nothing.

    Attributes:
        name: Its own, e.g. a path below the raw folder.
        label: Name of its class.
        group: Who or where it is from.
        split: One of the values of `SPLIT_OF`.
    """

    name: str
    label: str
    group: str = ""
    split: str = ""


@dataclass(frozen=True)
class Told:
    """The same of all images, by column; see `RawImages`."""

    labels: IntArray
    classes: tuple[str, ...]
    names: npt.NDArray[np.str_] | None = None
    groups: npt.NDArray[np.str_] | None = None
    splits: npt.NDArray[np.str_] | None = None
    account: FileAccount = NOTHING_LEFT_OUT

    def name(self, row: int) -> str:
        """Say which image stands at ``row``."""
        return f"image {row}" if self.names is None else str(self.names[row])

    def counts(self) -> IntArray:
        """Count the images of each class, shape (K,)."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def of(self, images: UInt8Array, notes: tuple[str, ...] = (), unlabelled: Unlabelled | None = None) -> RawImages:
        """Put the images, uint8, N×C×H×W, beside what is told of them, and those without labels beside both."""
        apart = {name: None if self.splits is None else self.splits == name for name in ("test", "val")}
        apart = {name: rows if rows is not None and rows.any() else None for name, rows in apart.items()}
        account = FileAccount(self.account.left_out, (*self.account.notes, *notes), self.account.warnings)
        return RawImages(
            images, self.labels, self.classes, apart["test"], self.groups, self.names, account, apart["val"], unlabelled
        )


class Pool(NamedTuple):
    """What is told of images without labels, and the images themselves in the same order.

    Attributes:
        names: Of each.
        contents: Read as they are asked for.
        groups: Of each; None where the source says nothing.
    """

    names: Sequence[str]
    contents: Iterable[Content]
    groups: npt.NDArray[np.str_] | None = None


class Listing(NamedTuple):
    """What is told of all images, and the images themselves in the same order, read as they are asked for.

    Attributes:
        told: Of those with labels.
        contents: Those images.
        pool: Images without labels; None where settings name none.
    """

    told: Told
    contents: Iterable[Content]
    pool: Pool | None = None


def pool_of(raw: Path, names: Sequence[str], groups: npt.NDArray[np.str_] | None = None) -> Pool | None:
    """List image files without labels; None where there are none."""
    return Pool(names, (raw / name for name in names), groups) if names else None


def tell(
    raw: Path, rows: Sequence[Row], account: FileAccount = NOTHING_LEFT_OUT, classes: Sequence[str] | None = None
) -> Told:
    """Put rows into columns.

    Args:
        raw: Of the dataset, for messages.
        rows: One an image.
        account: Of what is left out.
        classes: Class names in order; by default those of the rows, numbers by size and text by letter.

    Raises:
        DataError: There are no rows, or a group or split is told of some rows alone; or a label stands for several.
    """
    if not rows:
        raise DataError(f"{raw}: expected images, found none")
    refuse_several_labels(raw, rows)
    for what in ("group", "split"):
        without = [row.name for row in rows if not getattr(row, what)]
        if without and len(without) < len(rows):
            raise DataError(f"{raw}: expected a {what} for each image or for none, found none of {listed(without)}")
    names = tuple(classes or class_order({row.label for row in rows}))
    number = {name: label for label, name in enumerate(names)}
    return Told(
        labels=np.asarray([number[row.label] for row in rows], dtype=np.int64),
        classes=names,
        names=np.asarray([row.name for row in rows]),
        groups=np.asarray([row.group for row in rows]) if rows[0].group else None,
        splits=np.asarray([row.split for row in rows]) if rows[0].split else None,
        account=account,
    )


def class_order(names: Iterable[str]) -> list[str]:
    """Sort class names: numbers by size, if all are numbers, else text."""
    found = set(names)
    key: Callable[[str], tuple[int, str]] = lambda name: (int(name), name)  # noqa: E731  # typed, so that sorted is
    return sorted(found, key=key) if all(name.isdecimal() for name in found) else sorted(found)


def split_named(raw: Path, words: Iterable[str]) -> dict[str, str]:
    """Tell which split each word means.

    Raises:
        DataError: Some mean none; all are named.
    """
    found = {word: SPLIT_OF.get(word.strip().lower(), "") for word in words}
    unknown = sorted(word for word, split in found.items() if word.strip() and not split)
    if unknown:
        raise DataError(f"{raw}: expected splits called {', '.join(SPLIT_OF)}, found {listed(unknown)}")
    return found


SEVERAL = "|;"
"""Marks that tables put between several labels of an image."""


def refuse_several_labels(raw: Path, rows: Sequence[Row]) -> None:
    """Refuse images of several classes: a label such as ``disc|grainy``, or rows that differ for one image."""
    labels = Counter(row.label for row in rows)
    several = [
        label
        for label in labels
        if any(mark in label and any(part.strip() in labels for part in label.split(mark)) for mark in SEVERAL)
    ]
    label_of: dict[str, str] = {}
    differ = [row.name for row in rows if label_of.setdefault(row.name, row.label) != row.label]
    problems = [f"labels such as {listed(several)}"] if several else []
    problems += [f"several rows with other labels for {listed(differ)}"] if differ else []
    if problems:
        raise DataError(
            f"{raw}: each image has one label here, found {' and '.join(problems)}. Of an image that shows several "
            "things this pipeline cannot say what it is: leave such images out, or choose one label for each"
        )
    twice = sorted(name for name, count in Counter(row.name for row in rows).items() if count > 1)
    if twice:
        raise DataError(f"{raw}: expected one row an image, found several for {listed(twice)}")
