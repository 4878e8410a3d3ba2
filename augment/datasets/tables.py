"""Tables that tell something of images: CSV, JSON lines or Parquet, every cell as text."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from augment.core.errors import DataError
from augment.core.text import first_line, listed

TABLES = (".csv", ".jsonl", ".ndjson", ".parquet")


def csv_rows(path: Path, columns: Sequence[str], expected: str) -> list[dict[str, str]]:
    """Read a CSV file, in UTF-8, with commas.

    Args:
        path: Of the file.
        columns: Those that there must be, each once.
        expected: What the message says that the file should be.

    Raises:
        DataError: The file is not there, is no such table, or has rows of another length.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        lines = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {expected} ({first_line(error)})") from error
    header = [name.strip() for name in lines[0][1]] if lines else []
    if any(header.count(column) != 1 for column in columns):
        found = listed(header) or "an empty file"
        hint = "; its columns seem to be parted by ; or a tab: save it with commas" if other_mark(header) else ""
        raise DataError(f"{path}: {expected}, found {found}{hint}")
    uneven = [f"line {number} ({len(row)})" for number, row in lines[1:] if len(row) != len(header)]
    if uneven:
        raise DataError(f"{path}: expected {len(header)} fields in every row, as in the first, found {listed(uneven)}")
    return [dict(zip(header, row, strict=True)) for _, row in lines[1:]]


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a table of a kind that its suffix tells.

    Args:
        path: Of the file, whose suffix is one of `TABLES`.
        columns: Those that there must be.

    Raises:
        DataError: The file is not there or no such table, a column is missing, or a cell holds a list.
    """
    expected = "expected a table" + (f" with the columns {' and '.join(columns)}" if columns else "")
    if path.suffix == ".csv":
        return csv_rows(path, columns, f"{expected}, in UTF-8, with commas")
    try:
        found = list(_parquet(path) if path.suffix == ".parquet" else _json_lines(path))
    except Exception as error:  # of pyarrow, json or the file system, and about the file
        raise DataError(f"{path}: {expected} ({first_line(error)})") from error
    names = list(dict.fromkeys(name for row in found for name in row))
    if any(column not in names for column in columns):
        raise DataError(f"{path}: {expected}, found {listed(names) or 'an empty file'}")
    lists = [column for column in columns if any(isinstance(row.get(column), list | dict) for row in found)]
    if lists:
        raise DataError(f"{path}: expected one value a cell, found lists in {listed(lists)}: an image has one label")
    return [{name: text(row.get(name)) for name in names} for row in found]


def text(value: Any) -> str:
    """Write a cell as text: nothing is empty, 3.0 is 3."""
    if value is None or value != value:  # noqa: PLR0124  # not a number
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()


def _json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig") as lines:
        for line in lines:
            if line.strip():
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise TypeError(f"expected an object a line, found {type(row).__name__}")
                yield row


def other_mark(header: Sequence[str]) -> bool:
    """Whether what looks like one column is several, with other marks than commas between them."""
    return len(header) == 1 and any(mark in header[0] for mark in ";\t")
