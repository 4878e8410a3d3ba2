"""Parts of a stage's work that do not need one another, in as many processes as there are cores for them."""

import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any, TypeVar

import joblib
import torch

from augment.core.errors import TrainingError
from augment.runtime.machine import Machine
from augment.runtime.progress import TALLY

T = TypeVar("T")
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
WORK: list[Callable[[int, int], Any]] = []
"""In a process that carries out parts: the one thing to call."""


def processes(parts: int, threads: int) -> int:
    """Say how many processes share so many parts, each of which computes with so many threads.

    Cores are counted by joblib: those that this process may use, at most ``LOKY_MAX_CPU_COUNT`` (an environment
    variable that joblib documents).
    """
    cores: int = joblib.cpu_count()
    return max(1, min(parts, cores // threads))


def side_by_side(work: Callable[[int, int], T], parts: int, where: Machine) -> list[T]:
    """Call ``work`` for each part; what comes of it is the same however many processes there are.

    Processes are forked, as those of torch's DataLoader are, so that they have images and settings without a copy; on
    an accelerator, which bears no fork, the parts are done one after the other.

    Args:
        work: Gets the number of a part, from 0, and the line of a terminal on which to show its progress; draws from
            generators of its own only.
        parts: How many.
        where: Where to compute.

    Returns:
        What ``work`` gave, in order.

    Raises:
        TrainingError: A process was killed.
    """
    workers = processes(parts, torch.get_num_threads())
    if workers == 1 or where.device.type != "cpu" or sys.platform != "linux":
        return [work(part, 0) for part in range(parts)]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(work, os.getpid())) as pool:
        try:
            futures = [pool.submit(_carry_out, part, part % workers) for part in range(parts)]
            for future in as_completed(futures):
                future.result()  # the first that fails, not the first in order, ends the others
        except BaseException as error:
            for process in multiprocessing.active_children():
                process.terminate()
            if isinstance(error, BrokenProcessPool):
                raise TrainingError(
                    f"one of {workers} processes side by side was killed, as where memory runs out; "
                    "with LOKY_MAX_CPU_COUNT=1 in the environment there is one at a time"
                ) from error
            raise
    found = [pickle.loads(future.result()) for future in futures]  # noqa: S301  # made by our own processes
    for _, done in found:
        TALLY.trainings += done.trainings
        TALLY.steps += done.steps
    return [result for result, _ in found]


def _begin(work: Callable[[int, int], Any], parent: int) -> None:
    """Prepare a process that was just forked: it ends with its parent, which alone heeds Ctrl-C."""
    WORK[:] = [work]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _carry_out(part: int, line: int) -> bytes:
    before = replace(TALLY)
    result = WORK[0](part, line)
    done = replace(TALLY, trainings=TALLY.trainings - before.trainings, steps=TALLY.steps - before.steps)
    # Pickled here, for multiprocessing would hand tensors over in shared memory, of which containers have little.
    return pickle.dumps((result, done))
