"""Finding the processes of a workspace, to kill them and to see that none is left; and waiting for things."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil


def working_in(root: Path) -> list[psutil.Process]:
    """Find every live process, but this one, whose current folder is in the workspace."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if Path(process.cwd()).is_relative_to(root):
                found.append(process)
    return found


def named(name: str, root: Path) -> list[psutil.Process]:
    """Find the processes of a workspace that run a program, or a script or module of Python's, of this name.

    It is one of the first two words: behind those a guard has the words of what it guards.
    """
    found = []
    for process in working_in(root):
        with suppress(psutil.Error):
            words = [Path(word).name for word in process.cmdline() if not word.startswith("-")]
            if name in words[:2]:
                found.append(process)
    return found


def eventually(condition: Callable[[], object], within_s: float = 15.0) -> None:
    """Wait until something is true.

    Raises:
        AssertionError: It does not become true in time.
    """
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)
