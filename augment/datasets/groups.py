"""A CSV file that says which group each image belongs to."""

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from augment.core.errors import DataError
from augment.core.text import first_line, listed

COLUMNS = ("file", "group")
EXPECTED = "expected a CSV file, in UTF-8, with the columns file and group"


def read_groups(path: Path, names: list[str]) -> npt.NDArray[np.str_]:
    """Read the group of each image.

    Args:
        path: Has one row an image, with ``file``, e.g. ``cat/1.png``, and ``group``; other columns do not matter.
        names: The images, in the order of the result.

    Raises:
        DataError: The file is not there, is no such table, or does not name one group for each image.
    """
    rows = _rows(path)
    group_of = {file: group.strip() for file, group in rows}
    backslash = " (a path's parts are joined by /)" if any("\\" in file for file, _ in rows) else ""
    problems = {
        "no group is given for": [name for name in names if not group_of.get(name)],
        f"no image there is called{backslash}": sorted(set(group_of) - set(names)),
        "more than one row names": sorted(
            file for file, count in Counter(file for file, _ in rows).items() if count > 1
        ),
        "signs that cannot be printed are in the group of": [
            file for file, group in group_of.items() if not group.isprintable()
        ],
    }
    found = [f"{problem} {listed(files)}" for problem, files in problems.items() if files]
    if found:
        raise DataError(f"{path}: expected one row an image, but " + "; ".join(found))
    return np.asarray([group_of[name] for name in names], dtype=np.str_)


def _rows(path: Path) -> list[tuple[str, str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        lines = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {EXPECTED} ({first_line(error)})") from error
    header = [name.strip() for name in lines[0][1]] if lines else []
    if any(header.count(column) != 1 for column in COLUMNS):
        found = listed(header) or "an empty file"
        hint = "; its columns seem to be parted by ; or a tab: save it with commas" if _other_mark(header) else ""
        raise DataError(f"{path}: {EXPECTED}, found {found}{hint}")
    uneven = [f"line {number} ({len(row)})" for number, row in lines[1:] if len(row) != len(header)]
    if uneven:
        raise DataError(f"{path}: expected {len(header)} fields in every row, as in the first, found {listed(uneven)}")
    file, group = (header.index(column) for column in COLUMNS)
    return [(row[file], row[group]) for _, row in lines[1:]]


def _other_mark(header: list[str]) -> bool:
    return len(header) == 1 and any(mark in header[0] for mark in ";\t")
