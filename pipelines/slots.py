"""Slots of scarce resources (a GPU, say), shared by all flows of one user on one machine.

A slot is a file lock. The kernel frees it the moment the last process that holds it is gone, so a crash
leaks none, and no server has to notice that anything crashed.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

_POLL_S = 0.25


def folder() -> Path:
    """Where the lock files are: one folder for each user of the machine."""
    path = Path(tempfile.gettempdir()) / f"pipelines-slots-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


@contextmanager
def hold(wanted: Mapping[str, int], limits: Mapping[str, int], on_wait: Callable[[], None]) -> Iterator[list[int]]:
    """Wait for slots and hold them; yield the descriptors of their locks.

    All are taken at once or none, so that two stages that want two each cannot wait for each other.

    Args:
        wanted: Slots of each resource. A resource without a limit costs nothing.
        limits: Slots there are of each resource.
        on_wait: Called before each wait; what it raises ends the waiting.

    Raises:
        ValueError: More is wanted than there is.
    """
    for resource, count in wanted.items():
        if count > limits.get(resource, count):
            raise ValueError(f"{count} slots of {resource} are wanted; flow.slots.{resource} is {limits[resource]}")
    while True:
        with ExitStack() as stack:
            taken = [
                _take(stack, resource, count, limits[resource])
                for resource, count in wanted.items()
                if resource in limits
            ]
            if all(slots is not None for slots in taken):
                yield [slot for slots in taken for slot in slots or ()]
                return
        on_wait()
        time.sleep(_POLL_S)


def _take(stack: ExitStack, resource: str, count: int, limit: int) -> list[int] | None:
    taken: list[int] = []
    for number in range(limit):
        if len(taken) == count:
            break
        file = stack.enter_context((folder() / f"{resource}-{number}.lock").open("a"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        taken.append(file.fileno())
    return taken if len(taken) == count else None
