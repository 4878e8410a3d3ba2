"""Files and folders that a reader sees whole or not at all, and the reasons that stand in the place of one."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from PIL import Image

from augment.core.errors import ContainerError, LeftOutError, NoRoomError
from augment.core.images import UInt8Array
from augment.core.text import first_line

LEFT_OUT = "left_out.json"
"""In the place of a container or a model that could not be made: the reasons."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling to write a file or folder to; it takes the place of ``path`` on success.

    When the block raises, ``path`` is untouched and the sibling is gone. What an earlier, killed process left
    under the sibling's name is removed first.

    Raises:
        NoRoomError: The disk is full.
    """
    draft = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(draft)
        yield draft
        if draft.is_dir():
            _remove(path)  # a rename does not replace a folder that is not empty
        draft.replace(path)
    except Exception as error:
        if not _tells_of_no_room(error):
            raise
        raise NoRoomError(
            f"{path}: no room left on its disk, and nothing half-written stays there. Make room and run again"
        ) from error
    finally:
        _remove(draft)


def _tells_of_no_room(error: Exception) -> bool:
    """Recognise a full disk, or a quota that is used up, in what any library makes of it."""
    codes = (errno.ENOSPC, errno.EDQUOT)
    told = getattr(error, "errno", None) in codes or any(os.strerror(code) in str(error) for code in codes)
    return told or isinstance(error, NoRoomError)  # of a file in a folder that is to be whole


def write_left_out(path: Path, reasons: Sequence[str]) -> None:
    """Write in the place of a container, a model or a JSON file why there is none: DVC wants every output to exist."""
    with whole(path) as draft:
        if path.suffix == ".json":
            _write_json(draft, {"left_out": list(reasons)})
        else:
            draft.mkdir()
            _write_json(draft / LEFT_OUT, {"reasons": list(reasons)})


def require_made(path: Path) -> None:
    """Stop where a folder holds no container or model, but the reasons why there is none.

    Raises:
        LeftOutError: With those reasons.
        ContainerError: They cannot be read.
    """
    if not (path / LEFT_OUT).exists():
        return
    reasons = read_json(path / LEFT_OUT).get("reasons")
    if not isinstance(reasons, list) or not reasons or not all(isinstance(reason, str) for reason in reasons):
        raise ContainerError(f"{path / LEFT_OUT}: expected reasons, a list of sentences, found {reasons!r:.80}")
    raise LeftOutError(*reasons)


def write_json(path: Path, value: Any) -> None:
    """Write JSON that reads well and diffs well: indented, keys in the order given, no NaN."""
    with whole(path) as draft:
        _write_json(draft, value)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ContainerError: The file is missing, is not JSON, or holds something other than an object.
    """
    value = read_with(path, lambda file: json.loads(file.read_text(encoding="utf-8")))
    if not isinstance(value, dict):
        raise ContainerError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a table that `dvc plots` draws: header, no index."""
    with whole(path) as draft:
        frame.to_csv(draft, index=False)


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table for the next stage."""
    with whole(path) as draft:
        frame.to_parquet(draft, index=False)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table.

    Raises:
        ContainerError: The file is missing or is not parquet.
    """

    def read(file: Path) -> pd.DataFrame:
        table = pq.read_table(file)
        table.validate(full=True)  # else text that is no UTF-8 is found out where it is used
        return table.to_pandas()

    frame: pd.DataFrame = read_with(path, read)
    return frame


def write_png(path: Path, pixels: UInt8Array) -> None:
    """Write a picture: uint8, H×W grey or H×W×3 RGB."""
    with whole(path) as draft:
        Image.fromarray(pixels).save(draft, format="png")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    with whole(path) as draft:
        draft.write_text(text, encoding="utf-8")


def read_with(path: Path, reader: Callable[[Path], Any]) -> Any:
    """Call a reader of another library, whatever it raises on a broken file.

    Raises:
        ContainerError: The file is missing or the reader cannot read it.
    """
    try:
        return reader(path)
    except FileNotFoundError as error:
        raise ContainerError(f"{path}: expected this file, found none") from error
    except Exception as error:
        # numpy, pyarrow and json raise what they like on a broken file, RecursionError among it.
        raise ContainerError(f"{path}: cannot be read ({first_line(error)}); truncated or not this format") from error


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
