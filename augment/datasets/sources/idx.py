"""The files of MNIST, of images of any size."""

import gzip
import math
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, cast

import numpy as np

from augment.core.errors import DataError
from augment.core.text import first_line, listed
from augment.datasets.arrays import ArraySource, Numbers, Part, blocked
from augment.datasets.raw import FileAccount
from augment.datasets.shards import shards, split_of

IMAGES = re.compile(r"images([.-])idx[34]-ubyte(\.gz)?$")
BYTES = 0x08
"""How idx files say that their numbers are unsigned bytes."""
SPLITS = {"t10k": "test"}


class IdxSource(ArraySource):
    """Files as MNIST and EMNIST have them (idx), packed (`.gz`) or not, of images of any size.

    A file of images, `train-images-idx3-ubyte`, stands beside one of labels, `train-labels-idx1-ubyte`; `train`, `val`,
    `test` or `t10k` in the name is the split.
    """

    kind: Literal["idx"]

    def parts(self, raw: Path) -> tuple[list[Part], Sequence[str] | None, FileAccount]:
        """Find the files; read the labels alone.

        Raises:
            DataError: Files are missing, no idx files, or not whole.
        """
        names, left_out = shards(raw, ("-ubyte", "-ubyte.gz"))
        found = [name for name in names if IMAGES.search(name)]
        parts = [_part(raw, name, _labels_beside(name, names)) for name in found]
        if not parts:
            raise DataError(f"{raw}: expected a file such as train-images-idx3-ubyte.gz, found {listed(names)}")
        if len({bool(part.split) for part in parts}) > 1:
            raise DataError(f"{raw}: expected train, val, test or t10k in each name or in none, found {listed(found)}")
        return parts, None, FileAccount(left_out)


def _labels_beside(images: str, names: Sequence[str]) -> str:
    for packed in ("", ".gz"):
        labels = IMAGES.sub(rf"labels\1idx1-ubyte{packed}", images)
        if labels in names:
            return labels
    raise DataError(f"{images}: expected its labels beside it, {IMAGES.sub('labels-idx1-ubyte', images)}; found none")


def _part(raw: Path, images: str, labels: str) -> Part:
    with _opened(raw / images) as file:
        shape = _shape(file, raw / images)
    with _opened(raw / labels) as file:
        counted = _shape(file, raw / labels)
        values = np.frombuffer(_read(file, math.prod(counted), raw / labels), np.uint8).reshape(counted)

    def read() -> Iterator[Numbers]:
        with _opened(raw / images) as file:
            _shape(file, raw / images)
            yield from blocked(lambda size: _read(file, size, raw / images), shape, np.dtype(np.uint8))

    split = next((split for word, split in SPLITS.items() if word in images), "") or split_of(images)
    return Part(images, split, shape, read, values)


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _shape(file: BinaryIO, path: Path) -> tuple[int, ...]:
    """Read the header: two zeros, the kind of numbers, how many axes, and the length of each."""
    zeros, kind, axes = struct.unpack(">HBB", _read(file, 4, path))
    if zeros or kind != BYTES:
        raise DataError(f"{path}: expected an idx file of unsigned bytes, found something else")
    return struct.unpack(f">{axes}I", _read(file, 4 * axes, path))


def _read(file: BinaryIO, size: int, path: Path) -> bytes:
    try:
        data = file.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: expected a whole file ({first_line(error)}). Fetch it again") from error
    if len(data) != size:
        raise DataError(f"{path}: expected a whole file, found one that ends too early. Fetch it again")
    return data
