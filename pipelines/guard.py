"""Run one command so that nothing of it outlives its owner: `python guard.py TIMEOUT_S GRACE_S [--spare] COMMAND …`.

The owner holds the other end of the guard's standard input and says "stop" by closing it. The kernel closes it too when
the owner dies, however it dies, so cancelling, timing out and crashing all end the same way. Asked to end, what runs
has GRACE_S, then it is killed. To spare is to stop only what runs *below* the command: DVC rewrites dvc.lock in place
and loses stages when a signal meets it there, but it fails cleanly when the stage it waits for is gone.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil

STOPPED, TIMED_OUT = 125, 124  # exit codes of the guard's own; DVC uses neither, any other is the command's
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
_TICK_S = 0.05
_SAVING_S = 20.0  # what DVC gets, once nothing runs below it any more: it hashes and saves outputs


def run(command: list[str], timeout_s: float, grace_s: float, spare: bool) -> int:
    """Run a command to its end, to its timeout or until standard input closes; return its exit code or the guard's."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # orphans among the descendants become the guard's own children
    guard = os.getpid()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=lambda: end_with(guard))  # noqa: PLW1509
    spared = {process.pid} if spare else set[int]()
    ended, since, asked = 0, time.monotonic(), set(spared)
    while process.poll() is None:
        let_go = not ended and select.select([0], (), (), _TICK_S)[0] and not os.read(0, 1)
        age = time.monotonic() - since
        if ended:
            asked |= _send(signal.SIGTERM, asked) if age < grace_s else _send(signal.SIGKILL, spared)
            if age > grace_s + _SAVING_S:
                process.kill()
            time.sleep(_TICK_S)
        elif let_go or age > timeout_s:
            ended, since = STOPPED if let_go else TIMED_OUT, time.monotonic()
    _send(signal.SIGKILL, set())
    code = process.returncode
    return ended if ended and code else code if code >= 0 else 128 - code  # 0: it was done before the stop reached it


def end_with(parent: int) -> None:
    """Have this process, just forked, killed when its parent is; end it if it was killed already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(STOPPED)


def _send(number: signal.Signals, spared: set[int]) -> set[int]:
    """Send a signal to every descendant but some; return those it was sent to."""
    below = [process for process in psutil.Process().children(recursive=True) if process.pid not in spared]
    for process in below:
        with suppress(psutil.Error):
            process.send_signal(number)
    return {process.pid for process in below}


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":  # elsewhere the next run ends what may be left
        ctypes.CDLL(None).prctl(option, value)


if __name__ == "__main__":
    _timeout_s, _grace_s, *_command = sys.argv[1:]
    _spare = _command[0] == "--spare"
    sys.exit(run(_command[_spare:], float(_timeout_s), float(_grace_s), _spare))
