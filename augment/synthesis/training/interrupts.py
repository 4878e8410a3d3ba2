"""Ctrl-C and SIGTERM between two steps rather than in the middle of one."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def deferred_interrupts() -> Iterator[Callable[[], bool]]:
    """Hold the first SIGINT or SIGTERM back; yield a function that tells whether one has come.

    The loop asks between two steps, saves what it must and raises `KeyboardInterrupt`. A second signal acts at
    once. Outside the main thread, where Python delivers no signals, nothing is held back.
    """
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return

    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def hold(_number: int, _frame: FrameType | None) -> None:
        came.set()
        restore()

    for number in SIGNALS:
        signal.signal(number, hold)
    try:
        yield came.is_set
    finally:
        restore()
