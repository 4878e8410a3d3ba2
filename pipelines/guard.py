"""Run one command so that nothing of it outlives its owner.

The owner holds the other end of the guard's standard input and says "stop" by closing it. The kernel closes
it too when the owner dies, however it dies, so cancelling, timing out and crashing all end the same way.

As a script of its own, `python guard.py CMD …` guards a program; `warm_dvc` guards a DVC that it has forked.
"""

import ctypes
import multiprocessing
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from multiprocessing.process import BaseProcess

import psutil

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36  # <linux/prctl.h>
_TICK_S = 0.05  # from one look to the next at what was told to end
_LONGEST_S = 3600.0  # between two looks while nothing happens
_SAVING_S = 20.0  # what a spared command gets, once nothing runs below it any more: DVC hashes and saves outputs
_STDIN, _STDOUT, _STDERR = 0, 1, 2


class Verdict(IntEnum):
    """Exit codes of the guard's own; DVC uses neither. Any other code is the command's."""

    TIMED_OUT = 124
    STOPPED = 125


def run(
    command: Callable[[], object], *, timeout_s: float | None = None, grace_s: float = 10.0, spare: bool = False
) -> int:
    """Run a command in a fork of this process to its end, to its timeout or until standard input closes.

    Args:
        command: Called in the fork, whose exit code is 0 when it returns.
        timeout_s: Seconds it may take; None for any number.
        grace_s: Seconds between asking to end and killing.
        spare: Stop only what runs *below* the command: DVC rewrites dvc.lock in place and loses stages when a
            signal meets it there, but it fails cleanly when the stage it waits for is gone.

    Returns:
        The command's exit code, 128 and the number of the signal that ended it, or a `Verdict`.
    """
    name_process("guard")
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # orphans among the descendants become the guard's own children
    source, sink = os.pipe()
    process = multiprocessing.get_context("fork").Process(target=_begin, args=(command, sink, os.getpid()))
    process.start()
    os.close(sink)
    verdict = _supervise(process, source, timeout_s, grace_s, spare)
    for orphan in psutil.Process().children(recursive=True):
        _send(orphan, signal.SIGKILL)
    while _forward(source):
        pass
    code = process.exitcode or 0
    if verdict is None or code == 0:  # it was done before the stop reached it
        return code if code >= 0 else 128 - code
    return verdict


def name_process(name: str) -> None:
    """Give this process the name that `ps` and `top` show: all forks of one program have its command line."""
    _prctl(_PR_SET_NAME, name.encode())


def _begin(command: Callable[[], object], sink: int, owner: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != owner:  # it was killed before it was watched
        os._exit(Verdict.STOPPED)
    os.dup2(os.open(os.devnull, os.O_RDONLY), _STDIN)
    for stream in (_STDOUT, _STDERR):
        os.dup2(sink, stream)
    os.closerange(_STDERR + 1, os.sysconf("SC_OPEN_MAX"))  # locks are for the guard to hold, and no one below it
    command()


def _supervise(
    command: BaseProcess, source: int, timeout_s: float | None, grace_s: float, spare: bool
) -> Verdict | None:
    """Pass output on until the command ends; say why it was made to end, if it was."""
    wishes: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: wishes.append(received))
    woken = _wake_by_signals()
    deadline = time.monotonic() + (timeout_s or float("inf"))
    verdict, since, asked = None, 0.0, set[int]()
    with selectors.DefaultSelector() as selector:
        selector.register(_STDIN, selectors.EVENT_READ, lambda: os.read(_STDIN, 1))
        selector.register(source, selectors.EVENT_READ, lambda: _forward(source))
        selector.register(woken, selectors.EVENT_READ, lambda: os.read(woken, 512))
        while command.is_alive():
            for key, _ in selector.select(_TICK_S if verdict else min(deadline - time.monotonic(), _LONGEST_S)):
                if not key.data():  # closed
                    selector.unregister(key.fd)
                    if key.fd == _STDIN:
                        wishes.append(0)
            if verdict is None and (wishes or time.monotonic() > deadline):
                verdict, since = Verdict.STOPPED if wishes else Verdict.TIMED_OUT, time.monotonic()
            if verdict is not None:
                age = time.monotonic() - since
                _stop({command.pid} if spare else set(), age > grace_s, asked)
                if age > grace_s + _SAVING_S:
                    command.kill()
    return verdict


def _wake_by_signals() -> int:
    """Make a descriptor that is ready to be read after any signal that has a handler, and after a child's end."""
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    return woken


def _stop(spared: set[int | None], impatient: bool, asked: set[int]) -> None:
    """Ask every descendant to end, once each, or kill those that did not."""
    for process in psutil.Process().children(recursive=True):
        if process.pid in spared:
            continue
        if impatient:
            _send(process, signal.SIGKILL)
        elif process.pid not in asked:
            asked.add(process.pid)
            _send(process, signal.SIGTERM)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process.send_signal(number)


def _forward(source: int) -> bytes:
    """Copy one piece of output; empty at its end. The command must not notice that nobody listens.

    Nobody does when the owner is dead, nor when standard output is a log file on a full disk.
    """
    piece = os.read(source, 65536)
    try:
        os.write(_STDOUT, piece)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
    return piece


def _prctl(option: int, value: int | bytes) -> None:
    if sys.platform == "linux":  # elsewhere orphans of a killed DVC are found by their session instead
        ctypes.CDLL(None).prctl(option, value)


if __name__ == "__main__":
    _command = sys.argv[1:]
    sys.exit(run(lambda: os.execvp(_command[0], _command)))  # noqa: S606 - no shell is wanted
