"""Which layout a folder or a file has, told by its names and by the columns of its tables."""

import os
import re
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
from augment.datasets.files import NO_LABEL, SUFFIXES, harmless
from augment.datasets.pictures import PictureSource
from augment.datasets.raw import SourceSpec
from augment.datasets.tables import TABLES, other_mark, read_rows
from augment.datasets.told import SPLIT_OF
from augment.datasets.unread import remedies

FILE = ("file", "file_name", "filename", "image", "image_path", "path", "img", "image_id")
IMAGE = ("image", "img", "picture", "photo")
LABEL = ("label", "labels", "class", "class_name", "target", "category", "diagnosis", "finding")
GROUP = ("group", "patient", "patient_id", "subject", "subject_id", "site", "hospital", "camera", "clip", "video")
SPLIT = ("split", "set", "subset", "partition")
COLUMNS = {"file": FILE, "label": LABEL, "group": GROUP, "split": SPLIT}
"""Names that columns go by, the likeliest first; case does not count."""
NO_TABLES = (".tsv", ".json")
"""Suffixes of tables that are not read."""
UNRELATED = "If it is not about these images, hide it (a dot before the name)"
LOOKED_AT = 1 << 24
"""Bytes of a table in which names of images are looked for."""
MANY = {".parquet": "parquet", ".npz": "npz", ".tar": "webdataset", "-ubyte": "idx", "-ubyte.gz": "idx"}
"""Suffix of files that hold many images → the source that reads them."""

Block = dict[str, Any]


@contextmanager
def opened(source: Path) -> Iterator[Path]:
    """Give the folder to read: the source itself, or one that holds nothing but it where it is a file.

    Raises:
        DataError: There is no such folder or file, or it does not hold images by itself.
    """
    if source.is_dir():
        yield source
        return
    if not source.is_file():
        raise DataError(f"{source}: expected a folder or a file, found none")
    if not source.name.lower().endswith(tuple(MANY)):
        raise DataError(
            f"{source}: expected a folder of images, or a file that holds many ({', '.join(MANY)}): "
            + (", ".join(remedies([source.name])) or "name the folder in which it lies")
        )
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
        kind = kinds.pop()
        return {"kind": kind} | (_embedded(raw, names) if kind == "parquet" else {})
    if not images:
        raise DataError(
            f"{raw}: expected images ({', '.join(SUFFIXES)}) or files that hold many ({', '.join(MANY)}) of one kind, "
            f"found {listed(names) or 'nothing'}" + "".join(f"\n  {remedy}" for remedy in remedies(names))
        )
    pool = _unlabelled(images)
    labelled = [name for name in images if name.partition("/")[0] not in pool.values()]
    split = all(name.partition("/")[0].lower() in SPLIT_OF for name in labelled)
    tables = [name for name in names if _is_beside(name, (*TABLES, *NO_TABLES))]
    for name in tables:
        if block := _of_table(raw, name, images):
            return block
    folders = {name.split("/")[split] for name in labelled if name.count("/") > split}
    if len(folders) < 2 and tables:
        told = "\n  ".join(f"{name}: {_strange(raw / name)}" for name in tables)
        raise DataError(
            f"{raw}: no folder a class, and no table that says what the images show. Expected a CSV file (or "
            f"{', '.join(TABLES[1:])}) with a column for the image's file, called {FILE[0]}, and one for its class, "
            f"called {LABEL[0]}; found\n  {told}"
        )
    return {"kind": "split_folders" if split else "image_folder"} | pool


def _unlabelled(images: Sequence[str]) -> Block:
    """Tell which folder's images have no label, by its name; nothing where none, or more than one, is called so."""
    folders = {name.partition("/")[0] for name in images if "/" in name}
    found = {folder for folder in folders if folder.lower() in NO_LABEL}
    return {"unlabelled": found.pop()} if len(found) == 1 else {}


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
                if reason is None or name.lower().endswith((*TABLES, *NO_TABLES)):
                    yield name


def _embedded(raw: Path, names: Sequence[str]) -> Block:
    """Tell the columns of a Parquet file that holds images, where they go by other names."""
    import pyarrow.parquet as pq

    try:
        columns = pq.read_schema(raw / next(name for name in names if name.lower().endswith(".parquet"))).names
    except Exception:  # whatever is wrong with it, the source says so
        return {}
    found = {key: _column(columns, known) for key, known in (COLUMNS | {"file": IMAGE}).items()}
    found = {"image": found.pop("file")} | found
    return {key: column for key, column in found.items() if column and column != key}


def _is_beside(name: str, suffixes: tuple[str, ...]) -> bool:
    """Whether a file lies in the folder itself, or in one for a split, and ends so."""
    folder, _, own = name.rpartition("/")
    return own.lower().endswith(suffixes) and (not folder or folder.lower() in SPLIT_OF)


def _of_table(raw: Path, name: str, images: Sequence[str]) -> Block | None:
    """Tell the settings that read a table; None where it tells no labels and no groups.

    Raises:
        DataError: It names images, but cannot be read, or names their groups otherwise than they are read.
    """
    path, own = raw / name, name.rpartition("/")[2]
    speaks = _names_some(path, images)
    if not own.lower().endswith(TABLES):
        if own.lower().endswith(".tsv") and speaks:
            raise DataError(f"{path}: names images, and is not read: save it with commas, as .csv. {UNRELATED}")
        return None
    try:
        columns = _columns(path)
    except DataError as error:
        if speaks:
            raise DataError(f"{error}. {UNRELATED}") from error
        return None
    found = {key: _column(columns, known) for key, known in COLUMNS.items()}
    if found["file"] and found["label"]:
        named: Block = {key: column for key, column in found.items() if column and column != key}
        named |= {"unlabelled": True} if _lacks_labels(path, found["label"]) else {}
        return {"kind": "image_table"} | ({} if own == "labels.csv" else {"table": own}) | named
    if found["file"] and found["group"] and name == own and speaks:
        if not own.endswith(".csv") or (found["file"], found["group"]) != ("file", "group"):
            raise DataError(
                f"{path}: names images and their groups: save it as a CSV file with the columns file and group "
                f"(found {listed(columns)}), or images of one group stand in train and in test. {UNRELATED}"
            )
        return {"kind": "image_folder", "groups": own} | _unlabelled(images)
    return None


def _names_some(path: Path, images: Sequence[str]) -> bool:
    """Whether a text, in whatever encoding, has names of images in it."""
    words = set(re.split(rb"[\s,;|\"'/\\]+", path.read_bytes()[:LOOKED_AT].replace(b"\0", b"")))
    return any(name.rpartition("/")[2].encode(errors="surrogateescape") in words for name in images)


def _columns(path: Path) -> list[str]:
    """Give the names of a table's columns.

    Raises:
        DataError: It cannot be read, or with other marks than commas.
    """
    rows = read_rows(path, [])
    columns = list(rows[0]) if rows else []
    if other_mark(columns):
        raise DataError(f"{path}: expected commas between the columns, found ; or tabs: save it with commas")
    return columns


def _lacks_labels(path: Path, column: str) -> bool:
    return any(not row[column].strip() for row in read_rows(path, [column]))


def _strange(path: Path) -> str:
    """Say why a table tells no labels."""
    if not path.name.lower().endswith(TABLES):
        return "of a kind that is not read"
    try:
        return f"the columns {listed(_columns(path))}"
    except DataError as error:
        return str(error).removeprefix(f"{path}: ")


def _column(columns: Sequence[str], known: Sequence[str]) -> str | None:
    by_name = {column.lower().replace(" ", "_"): column for column in columns}
    return next((by_name[name] for name in known if name in by_name), None)
