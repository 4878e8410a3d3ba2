"""Run one command so that nothing of it outlives its owner. A script of its own: `python guard.py … -- CMD`.

The owner holds the other end of the guard's standard input and says "stop" by closing it. The kernel closes
it too when the owner dies, however it dies, so cancelling, timing out and crashing all end the same way.

With `--spare-command` only the command's *descendants* are stopped: DVC rewrites dvc.lock in place and loses
stages when a signal meets it there, but it fails cleanly when the stage it waits for is gone.
"""

import argparse
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from enum import IntEnum

import psutil

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
_TICK_S = 0.05
_SAVING_S = 20.0  # what DVC gets, once nothing runs below it any more, to hash and save outputs
_STDIN, _STDOUT = 0, 1


class Verdict(IntEnum):
    """Exit codes of the guard's own; DVC uses neither. Any other code is the command's."""

    TIMED_OUT = 124
    STOPPED = 125


def main(arguments: list[str]) -> int:
    """Run the command to its end, to its timeout or until standard input closes; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timeout", type=float, default=float("inf"), help="seconds the command may take")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between asking to end and killing")
    parser.add_argument("--spare-command", action="store_true", help="stop only what runs below it")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # orphans among the descendants become the guard's own children
    with subprocess.Popen(
        options.command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - no threads here
    ) as command:
        verdict = _supervise(command, options)
        for orphan in psutil.Process().children(recursive=True):
            _send(orphan, signal.SIGKILL)
        while _forward(command):
            pass
    if verdict is None or command.returncode == 0:  # it was done before the stop reached it
        return command.returncode if command.returncode >= 0 else 128 - command.returncode
    return verdict


def _supervise(command: subprocess.Popen[bytes], options: argparse.Namespace) -> Verdict | None:
    """Pass output on until the command ends; say why it was made to end, if it was."""
    wishes: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: wishes.append(received))
    deadline = time.monotonic() + options.timeout
    verdict, since, asked = None, 0.0, set[int]()
    with selectors.DefaultSelector() as selector:
        selector.register(_STDIN, selectors.EVENT_READ, lambda: os.read(_STDIN, 1))
        selector.register(_stdout(command), selectors.EVENT_READ, lambda: _forward(command))
        while command.poll() is None:
            for key, _ in selector.select(_TICK_S):
                if not key.data():  # closed
                    selector.unregister(key.fd)
                    if key.fd == _STDIN:
                        wishes.append(0)
            if verdict is None and (wishes or time.monotonic() > deadline):
                verdict, since = Verdict.STOPPED if wishes else Verdict.TIMED_OUT, time.monotonic()
            if verdict is not None:
                _stop(command, time.monotonic() - since, options, asked)
    return verdict


def _stop(command: subprocess.Popen[bytes], age: float, options: argparse.Namespace, asked: set[int]) -> None:
    """Ask every descendant to end, once each, and kill those that do not; a spared command last of all."""
    for process in psutil.Process().children(recursive=True):
        if options.spare_command and process.pid == command.pid:
            continue
        if age > options.grace:
            _send(process, signal.SIGKILL)
        elif process.pid not in asked:
            asked.add(process.pid)
            _send(process, signal.SIGTERM)
    if age > options.grace + _SAVING_S:
        command.kill()


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process.send_signal(number)


def _forward(command: subprocess.Popen[bytes]) -> bytes:
    """Copy one piece of output; empty at its end. The command must not notice that nobody listens.

    Nobody does when the owner is dead, nor when standard output is a log file on a full disk.
    """
    piece = os.read(_stdout(command), 65536)
    try:
        os.write(_STDOUT, piece)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
    return piece


def _stdout(command: subprocess.Popen[bytes]) -> int:
    if command.stdout is None:
        raise ValueError("the command was started without a pipe for its output")
    return command.stdout.fileno()


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":  # elsewhere orphans of a killed DVC are found by their session instead
        ctypes.CDLL(None).prctl(option, value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
