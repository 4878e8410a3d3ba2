"""Files that hold many images each: which of a folder they are, and which split their name says."""

import re
from collections.abc import Sequence
from pathlib import Path

from augment.core.errors import DataError
from augment.core.text import listed
from augment.datasets.told import SPLIT_OF

WORD = re.compile(rf"(?:^|(?<=[^a-z]))({'|'.join(sorted(SPLIT_OF, key=len, reverse=True))})(?=[^a-z]|$)")


def shards(raw: Path, suffixes: Sequence[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """List the files with certain suffixes, by path below ``raw`` and sorted, and those that are left out, by reason.

    Raises:
        DataError: There are none, or the folder cannot be used as it is; see `survey`.
    """
    from augment.datasets.files import images_below

    found = images_below(raw, suffixes=suffixes, loose=True)
    if not found.names:
        raise DataError(f"{raw}: expected files that end in {listed(suffixes)}, found none")
    return sorted(found.names), {reason: tuple(names) for reason, names in found.left_out.items()}


def split_of(name: str) -> str:
    """Tell the split that a path names, e.g. ``data/train-00000-of-00002.parquet``; empty where it names no one."""
    found = {SPLIT_OF[word] for word in WORD.findall(name.lower())}
    return found.pop() if len(found) == 1 else ""
