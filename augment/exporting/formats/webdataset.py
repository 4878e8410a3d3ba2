"""Tar files that are read as a stream: WebDataset."""

import io
import json
import math
import tarfile
from collections.abc import Iterator
from pathlib import Path

from augment.core.images import blocks
from augment.exporting.layout import FORMATS, Layout, metadata, numbers, picture
from augment.exporting.pieces import Piece, Writer
from augment.finished.images import Part

SHARD = 256 << 20
"""Bytes of pixels in one file, at most."""
MOST = 10_000
"""Images in one file, at most: a tar's writer keeps a note of each."""


@FORMATS.register
def webdataset(part: Part, target: str) -> Layout:
    """``SPLIT-000000.tar``, each with ``KEY.png``, ``KEY.cls`` (the label's index) and ``KEY.json`` (where from)."""
    keys = numbers(part)
    shards = list(blocks(len(keys), max(math.prod(part.images.shape), SHARD // MOST), SHARD))
    files = [f"{part.split}-{number:06d}.tar" for number in range(len(shards))]

    def pieces() -> Iterator[Piece]:
        names = [f"{file}/{keys[row]}.png" for file, rows in zip(files, shards, strict=True) for row in _range(rows)]
        yield metadata(part, names)
        for file, rows in zip(files, shards, strict=True):
            yield Piece(file, len(_range(rows)), _writer(part, rows, keys))

    last = f"{{000000..{len(shards) - 1:06d}}}" if len(shards) > 1 else "000000"
    usage = f"""import webdataset

images = webdataset.WebDataset("{target}/{part.split}-{last}.tar", shardshuffle=False)
images = images.decode("pil").to_tuple("png", "cls", "json")"""
    return Layout(pieces(), "metadata.csv", f"{part.split}-*.tar", usage)


def _range(rows: slice) -> range:
    return range(rows.start, rows.stop)


def _writer(part: Part, rows: slice, keys: list[str]) -> Writer:
    def write(path: Path, _: Path) -> None:
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for row, facts in zip(_range(rows), part.known(rows), strict=True):
                parts = {
                    "png": picture(part, row),
                    "cls": str(part.labels[row]).encode(),
                    "json": json.dumps(facts, ensure_ascii=False, allow_nan=False).encode(),
                }
                for suffix, content in parts.items():
                    entry = tarfile.TarInfo(f"{keys[row]}.{suffix}")  # no time, no owner: equal input, equal bytes
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))

    return write
