"""A CSV file that says which group each image belongs to."""

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from augment.core.errors import DataError
from augment.core.text import listed
from augment.datasets.tables import csv_rows

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
    rows = [(row["file"], row["group"]) for row in csv_rows(path, COLUMNS, EXPECTED)]
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
