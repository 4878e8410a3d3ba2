"""Which layout a folder or a file has, told by its names and by the columns of its tables."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import TypeAdapter

from augment.core.errors import DataError
from augment.core.settings_block import parse
from augment.core.text import listed
from augment.datasets.files import SUFFIXES, harmless
from augment.datasets.pictures import PictureSource
from augment.datasets.raw import SourceSpec
from augment.datasets.tables import TABLES, read_rows
from augment.datasets.told import SPLIT_OF

FILE = ("file", "file_name", "filename", "image", "image_path", "path", "img", "image_id")
LABEL = ("label", "labels", "class", "class_name", "target", "category", "diagnosis", "finding")
GROUP = ("group", "patient", "patient_id", "subject", "subject_id", "site", "hospital", "camera", "clip", "video")
SPLIT = ("split", "set", "subset", "partition")
"""Names that columns go by, the likeliest first; case does not count."""
MANY = {".parquet": "parquet", ".npz": "npz", ".tar": "webdataset", "-ubyte": "idx", "-ubyte.gz": "idx"}
"""Suffix of files that hold many images → the source that reads them."""

Block = dict[str, Any]


@contextmanager
def opened(source: Path) -> Iterator[Path]:
    """Give the folder to read: the source itself, or one that holds nothing but it where it is a file.

    Raises:
        DataError: There is no such folder or file.
    """
    if source.is_dir():
        yield source
        return
    if not source.is_file():
        raise DataError(f"{source}: expected a folder or a file, found none")
    with TemporaryDirectory() as scratch:
        place(source, Path(scratch, source.name))
        yield Path(scratch)


def place(source: Path, target: Path) -> None:
    """Make a file appear at another place: a second name of it, or a copy on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def recognised(raw: Path) -> Block:
    """Tell the settings of the source that reads a folder, but for size and colours.

    Raises:
        DataError: Nothing there is of a layout that is read.
    """
    names = sorted(_names(raw))
    kinds = {kind for name in names for suffix, kind in MANY.items() if name.lower().endswith(suffix)}
    images = [name for name in names if name.lower().endswith(SUFFIXES)]
    if not images and len(kinds) == 1:
        return {"kind": kinds.pop()}
    if not images:
        raise DataError(
            f"{raw}: expected images ({', '.join(SUFFIXES)}) or files that hold many ({', '.join(MANY)}) of one kind, "
            f"found {listed(names) or 'nothing'}"
        )
    tops = {name.partition("/")[0] for name in images if "/" in name}
    tables = [name for name in names if name.lower().endswith(TABLES)]
    for name in tables:
        if "/" not in name or (name.count("/") == 1 and name.partition("/")[0].lower() in SPLIT_OF):
            columns = _columns(raw / name)
            if block := _of_table(name.rpartition("/")[2], columns):
                return block
            if {"file", "group"} <= set(columns) and "/" not in name and name.endswith(".csv"):
                return {"kind": "image_folder", "groups": name}
    if tops and all(name.lower() in SPLIT_OF for name in tops) and all(name.count("/") > 1 for name in images):
        return {"kind": "split_folders"}
    return {"kind": "image_folder"}


def reader(block: Block) -> PictureSource:
    """Make a source of settings; its size and colours do not matter, as nothing is read by them."""
    source = parse(TypeAdapter(SourceSpec), {"image_size": 32, "mode": "rgb"} | block, "the layout")
    assert isinstance(source, PictureSource)  # noqa: S101  # all that is recognised is
    return source


def _names(raw: Path) -> Iterator[str]:
    for folder, _, files in os.walk(raw):
        for file in files:
            name = Path(folder, file).relative_to(raw).as_posix()
            if not any(part.startswith(".") for part in name.split("/")):
                reason = harmless(name, Path(folder, file).lstat().st_mode)
                if reason is None or name.lower().endswith(TABLES):
                    yield name


def _of_table(name: str, columns: Sequence[str]) -> Block | None:
    """Tell the settings that read a table; None where it names no images and labels."""
    found = {key: _column(columns, known) for key, known in zip(("file", "label"), (FILE, LABEL), strict=True)}
    if not all(found.values()):
        return None
    found |= {key: _column(columns, known) for key, known in zip(("group", "split"), (GROUP, SPLIT), strict=True)}
    named = {key: column for key, column in found.items() if column and column != key}
    return {"kind": "image_table"} | ({} if name == "labels.csv" else {"table": name}) | named


def _columns(path: Path) -> list[str]:
    try:
        rows = read_rows(path, [])
    except DataError:
        return []
    return list(rows[0]) if rows else []


def _column(columns: Sequence[str], known: Sequence[str]) -> str | None:
    by_name = {column.lower(): column for column in columns}
    return next((by_name[name] for name in known if name in by_name), None)
