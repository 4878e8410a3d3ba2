"""Images decoded in as many processes as there are cores, in order, a few at a time."""

import ctypes
import itertools
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.synchronize import Event

import joblib
from PIL import Image

from augment.core.errors import DataError
from augment.datasets.decoding import Decoded, Look, decode
from augment.datasets.told import Content

BATCH = 32
"""Images that a process gets at once."""
AHEAD = 3
"""Batches of each process that are read and not yet taken: all there is in memory at a time."""
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
ENDED: list[Event] = []
"""In a process that decodes: set when nobody waits for its images any more."""


def decoded(contents: Iterable[Content], count: int, look: Look) -> Iterator[Decoded | DataError]:
    """Decode each image, or say why it cannot be; what comes of it is the same however many processes there are.

    Processes are forked, as those of `augment.runtime.side_by_side` are, which is not asked: it imports torch.
    Cores are counted by joblib: those that this process may use, at most ``LOKY_MAX_CPU_COUNT``.

    Args:
        contents: The images.
        count: About how many there are.
        look: What they are made to look like.

    Raises:
        DataError: The images cannot be reached; or a process was killed.
    """
    workers = min(joblib.cpu_count(), count // BATCH) if sys.platform == "linux" else 1
    batches = _batches(contents)
    if workers < 2:
        for batch in batches:
            yield from _decode(batch, look)
        return
    Image.init()  # once, rather than in each process
    context = get_context("fork")
    ended = context.Event()
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(ended, os.getpid()))
    waiting = deque[Future[list[Decoded | DataError]]]()
    try:
        for batch in batches:
            waiting.append(pool.submit(_decode, batch, look))
            if len(waiting) == AHEAD * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool as error:
        raise DataError(
            f"one of {workers} processes that decode images was killed, as where memory runs out or a decoder fails; "
            "with LOKY_MAX_CPU_COUNT=1 in the environment there is one at a time"
        ) from error
    finally:
        # Processes end by themselves: one that is killed while it hands over images leaves the pool waiting forever.
        ended.set()
        pool.shutdown(cancel_futures=True)


def _batches(contents: Iterable[Content]) -> Iterator[list[Content]]:
    each = iter(contents)
    return iter(lambda: list(itertools.islice(each, BATCH)), [])


def _decode(batch: list[Content], look: Look) -> list[Decoded | DataError]:
    return [_one(content, look) for content in batch if not (ENDED and ENDED[0].is_set())]


def _one(content: Content, look: Look) -> Decoded | DataError:
    try:
        return decode(content, look)
    except DataError as error:
        return DataError(str(error))  # without its cause, which may be of a kind that no pipe takes


def _begin(ended: Event, parent: int) -> None:
    """Prepare a process that was just forked: it ends with its parent, which alone heeds Ctrl-C."""
    ENDED[:] = [ended]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
