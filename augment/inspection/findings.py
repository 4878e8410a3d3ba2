"""What is in a set of images, found by looking at each once."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from augment.core.errors import DataError
from augment.core.images import IntArray, UInt8Array, content_hashes
from augment.datasets.decoding import Look, decode
from augment.datasets.levels import Levels
from augment.datasets.near import near_pairs
from augment.datasets.pictures import PictureSource
from augment.datasets.told import Content, Told

THUMBNAIL = Look(32, 32, "rgb", "stretch", Levels("percentile"), quick=True)
"""What the pictures that are compared and shown look like."""
MOST = 50_000
"""Images that are looked at; of more, that many evenly spaced ones."""


class Findings(NamedTuple):
    """What was found.

    Attributes:
        told: Of every image.
        rows: Of the images that were looked at and could be read.
        sizes: Their heights and widths, N×2.
        modes: Mode → images.
        deep: How many have more than 8 bits a channel, or other numbers.
        between: Lowest and highest number of images that are no files but numbers of another kind than 8 bits; None
            where there are none.
        pixels: uint8, N×3×32×32.
        unread: Name → why it cannot be read.
        copies: How many are the same picture, with the same label, as an earlier one.
        disputed: Rows of pictures that stand under several labels, a set each.
        near: Pairs of rows that are nearly, but not quite, the same.
    """

    told: Told
    rows: IntArray
    sizes: IntArray
    modes: Counter[str]
    deep: int
    between: tuple[float, float] | None
    pixels: UInt8Array
    unread: dict[str, str]
    copies: int
    disputed: list[list[int]]
    near: IntArray

    @property
    def grey(self) -> bool:
        """Whether no image has a colour."""
        return bool((self.pixels == self.pixels[:, :1]).all())

    @property
    def split_of(self) -> list[str]:
        """Name the split of each image; empty where the source says none."""
        return [""] * len(self.told.labels) if self.told.splits is None else [str(each) for each in self.told.splits]

    @property
    def one_pair_each(self) -> list[list[int]]:
        """List near copies, one pair of each set of images that are linked by such pairs."""
        first = connected_components(_links(self.near, len(self.told.labels)), directed=False)[1][self.near[:, 0]]
        pairs: list[list[int]] = self.near[np.unique(first, return_index=True)[1]].tolist()
        return pairs


def _links(pairs: IntArray, count: int) -> Any:
    return coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))


def look(source: PictureSource, raw: Path, seed: int = 0) -> Findings:
    """Look at every image once, at a thumbnail of it.

    Raises:
        DataError: The folder cannot be used as it is, or no image in it can be read.
    """
    told, contents = source.listing(raw)
    step = -(-len(told.labels) // MOST)
    rows, seen, unread, ends = [], [], dict[str, str](), []
    for row, content in _every(step, contents):
        try:
            seen.append(decode(content, THUMBNAIL))
            rows.append(row)
            if isinstance(content, np.ndarray) and seen[-1].deep:
                ends += [float(content.min()), float(content.max())]
        except DataError as error:
            unread[told.name(row)] = str(error)
    if not seen:
        raise DataError(f"{raw}: no image can be read, e.g. {next(iter(unread.items()))}")
    pixels = np.stack([each.pixels for each in seen])
    kept, copies, disputed = _same(pixels, told.labels[rows])
    near = near_pairs(pixels, kept, seed) if len(kept) > 1 else np.empty((0, 2), np.int64)
    where = np.asarray(rows, dtype=np.int64)
    return Findings(
        told=told,
        rows=where,
        sizes=np.asarray([(each.facts.height, each.facts.width) for each in seen], dtype=np.int64),
        modes=Counter(each.facts.mode for each in seen),
        deep=sum(each.deep for each in seen),
        between=(min(ends), max(ends)) if ends else None,
        pixels=pixels,
        unread=unread,
        copies=copies,
        disputed=[where[same].tolist() for same in disputed],
        near=where[near],
    )


def _every(step: int, contents: Iterable[Content]) -> Iterator[tuple[int, Content]]:
    return itertools.islice(enumerate(contents), 0, None, step)


def _same(pixels: UInt8Array, labels: IntArray) -> tuple[IntArray, int, list[list[int]]]:
    """Tell which rows show a picture first, how many repeat one, and which stand under several labels."""
    rows_of: dict[str, list[int]] = {}
    for row, content in enumerate(content_hashes(pixels)):
        rows_of.setdefault(content, []).append(row)
    disputed = [rows for rows in rows_of.values() if len(set(labels[rows].tolist())) > 1]
    copies = sum(len(rows) - 1 for rows in rows_of.values()) - sum(len(rows) - 1 for rows in disputed)
    return np.asarray([rows[0] for rows in rows_of.values()], dtype=np.int64), copies, disputed
