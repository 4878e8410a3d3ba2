"""Timing of a long loop by its first steps: the real loop is begun, and broken off."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar


class BrokenOffError(Exception):
    """Enough steps were timed; whoever runs the loop must let this pass."""


class Stopwatch:
    """Times the steps of the loop that it watches.

    Args:
        limit_s: Seconds after which the loop is broken off; at least one step is made, and a second one if the first
            left time for it.
        clock: Gives seconds.
    """

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._limit_s, self._clock = limit_s, clock
        self._marks: list[float] = []

    def watched(self, numbers: range) -> Iterator[int]:
        """Yield step numbers as a loop asks for them.

        Raises:
            BrokenOffError: The time is up, or the numbers are.
        """
        self._marks = [self._clock()]
        for number in numbers:
            yield number
            self._marks.append(self._clock())
            if self._marks[-1] - self._marks[0] >= self._limit_s:
                break
        raise BrokenOffError

    @property
    def step_s(self) -> float:
        """Seconds a step: the mean but for the first step, which also warms up, unless there is no other."""
        steps = len(self._marks) - 1
        if steps < 1:
            raise RuntimeError("no step was timed: the work shows no progress")
        first = 1 if steps > 1 else 0
        return (self._marks[-1] - self._marks[first]) / (steps - first)


_WATCHING: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


def watching() -> Stopwatch | None:
    """Give the stopwatch that times the loops of this context, if any."""
    return _WATCHING.get()


@contextmanager
def timed(stopwatch: Stopwatch) -> Iterator[None]:
    """Time the first loop in the block that shows its `Progress`, and leave the block with it."""
    token = _WATCHING.set(stopwatch)
    try:
        with suppress(BrokenOffError):
            yield
    finally:
        _WATCHING.reset(token)
