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
from augment.datasets.checks import equal
from augment.datasets.decoding import Facts, Look
from augment.datasets.levels import Levels
from augment.datasets.near import near_pairs
from augment.datasets.pictures import PictureSource
from augment.datasets.told import Content, Told
from augment.inspection.reading import decoded

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
        distinct: Places in ``pixels`` of the first image of each picture.
        copies: How many are the same picture, with the same label, as an earlier one.
        disputed: Rows of pictures that stand under several labels, a set each.
        near: Pairs of rows that are nearly, but not quite, the same.
        unlabelled: Images without labels beside these; they are counted, not looked at.
    """

    told: Told
    rows: IntArray
    sizes: IntArray
    modes: Counter[str]
    deep: int
    between: tuple[float, float] | None
    pixels: UInt8Array
    unread: dict[str, str]
    distinct: IntArray
    copies: int
    disputed: list[list[int]]
    near: IntArray
    unlabelled: int = 0

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
    told, contents, pool = source.listing(raw)
    looked_at = range(0, len(told.labels), -(-len(told.labels) // MOST))
    pixels = np.empty((len(looked_at), 3, THUMBNAIL.height, THUMBNAIL.width), dtype=np.uint8)
    rows, facts, unread, deep = list[int](), list[Facts](), dict[str, str](), 0
    spans, ends = dict[int, tuple[float, float]](), list[float]()
    some = _measured(itertools.islice(contents, 0, None, looked_at.step), spans)
    for place, each in enumerate(decoded(some, len(looked_at), THUMBNAIL)):
        row = looked_at[place]
        if isinstance(each, DataError):
            unread[told.name(row)] = str(each)
            continue
        pixels[len(rows)] = each.pixels
        rows.append(row)
        facts.append(each.facts)
        deep += each.deep
        ends += spans.get(place, ())
    if not rows:
        raise DataError(f"{raw}: no image can be read, e.g. {next(iter(unread.items()))}")
    pixels = pixels[: len(rows)]
    kept, copies, disputed = _same(pixels, told.labels[rows])
    near = near_pairs(pixels, kept, seed) if len(kept) > 1 else np.empty((0, 2), np.int64)
    where = np.asarray(rows, dtype=np.int64)
    return Findings(
        told=told,
        rows=where,
        sizes=np.asarray([(each.height, each.width) for each in facts], dtype=np.int64),
        modes=Counter(each.mode for each in facts),
        deep=deep,
        between=(min(ends), max(ends)) if ends else None,
        pixels=pixels,
        unread=unread,
        distinct=kept,
        copies=copies,
        disputed=[where[same].tolist() for same in disputed],
        near=where[near],
        unlabelled=0 if pool is None else len(pool.names),
    )


def _measured(contents: Iterable[Content], spans: dict[int, tuple[float, float]]) -> Iterator[Content]:
    """Note the lowest and highest number of those that are no files but numbers of another kind than 8 bits."""
    for place, content in enumerate(contents):
        if isinstance(content, np.ndarray) and content.dtype != np.uint8:
            spans[place] = float(content.min()), float(content.max())
        yield content


def _same(pixels: UInt8Array, labels: IntArray) -> tuple[IntArray, int, list[list[int]]]:
    """Tell which rows show a picture first, how many repeat one, and which stand under several labels."""
    several = equal(content_hashes(pixels))
    disputed = [rows for rows in several if len(set(labels[rows].tolist())) > 1]
    copies = sum(len(rows) - 1 for rows in several) - sum(len(rows) - 1 for rows in disputed)
    first = np.ones(len(pixels), dtype=bool)
    first[[row for rows in several for row in rows[1:]]] = False
    return np.flatnonzero(first), copies, disputed
