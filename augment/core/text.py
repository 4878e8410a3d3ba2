"""Words of messages: what was found, in lines that fit on a screen."""

import os
from collections.abc import Iterable
from pathlib import Path

LISTED = 10
"""Things that a message names before it only counts."""


def listed(names: Iterable[object], separator: str = ", ") -> str:
    """Name the first ten, and count the rest."""
    every = [printable(str(name)) for name in names]
    more = [f"and {len(every) - LISTED} more"] if len(every) > LISTED else []
    return separator.join([*every[:LISTED], *more])


def counted(count: int, thing: str) -> str:
    """Say how many there are of a thing, e.g. ``1 file`` and ``2 files``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def printable(name: str | Path) -> str:
    r"""Write a file's name so that any terminal and any JSON takes it: what is no UTF-8 becomes ``\xe9``."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def first_line(error: BaseException) -> str:
    """Say what an error of another library says, in one line: its first one, or its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {printable(lines[0][:200])}" if lines else type(error).__name__
