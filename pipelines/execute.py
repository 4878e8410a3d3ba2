"""Run single stages as `dvc repro --single-item` under a guard, and stop them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from pipelines import guard, private
from pipelines.commands import DVC
from pipelines.graph import StageNode
from pipelines.workspace import AT_WORK_IN

RAN, RESTORED, UNCHANGED = "ran", "restored from the cache", "did not change"  # what DVC did with a stage
_TAIL_LINES, _TICK_S = 15, 0.05


class StageStoppedError(RuntimeError):
    """The run was stopped before the stage had ended, or before it had begun."""


class StageFailedError(RuntimeError):
    """A stage failed, with these last lines; the exit code is its command's, or None if it is not known."""

    def __init__(self, stage: str, reason: str, exit_code: int | None = None, tail: Iterable[str] = ()) -> None:
        self.exit_code, self.tail = exit_code, tuple(filter(None, tail))
        head = f"stage {stage} {reason}" + ("; its last lines:" if self.tail else "")
        super().__init__("\n".join([head, *(f"  {line}" for line in self.tail)]))


class Stop(threading.Event):
    """Stops the stages of a run, and keeps others from beginning; kills them after `grace_s`, or when told again."""

    def __init__(self, grace_s: float) -> None:
        super().__init__()
        self.grace_s, self.why, self.again = grace_s, "", False

    def now(self, why: str) -> None:
        """Stop, for a reason; the first one counts."""
        self.why, self.again = self.why or why, bool(self.why)
        self.set()

    def check(self, stage: StageNode) -> None:
        """Raise StageStoppedError if the stage may not begin."""
        if self.why:
            raise StageStoppedError(f"stage {stage.name} was not begun: {self.why}")


def run(
    stage: StageNode, where: Path, stop: Stop, on_line: Callable[[str], None], force: bool, held: Iterable[int] = ()
) -> str:
    """Bring one stage up to date in a folder, where its parents are; hand on each line of output; tell what DVC did.

    `force` runs it even if nothing has changed. The descriptors `held` (of locks) stay open until it is really gone,
    even when this process dies first.

    Raises:
        StageFailedError: It failed, or took longer than its timeout.
        StageStoppedError: It was stopped.
    """
    stop.check(stage)
    limits = [str(stage.hints.timeout_s or "inf"), str(stop.grace_s), "--spare"]
    words = ["repro", "--single-item", *(["--force"] if force else []), stage.name]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    ours = {"PATH": path, "PYTHONUNBUFFERED": "1", AT_WORK_IN: str(where)}  # `python` is this one, and says at once
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    did = UNCHANGED
    source, sink = os.pipe()
    with (
        os.fdopen(source, errors="replace") as output,
        subprocess.Popen(
            [sys.executable, guard.__file__, *limits, *DVC, *words],
            cwd=where,
            env=os.environ | ours,
            stdin=subprocess.PIPE,  # closed in the end, whatever happens, so that nothing of the stage is left
            stdout=sink,
            stderr=sink,
            pass_fds=[source, *held],  # the source, so that last words find room when this process has died
            start_new_session=True,  # Ctrl-C in a terminal must reach the flow, not DVC
        ) as process,
    ):
        os.close(sink)
        threading.Thread(target=_watch, args=(process, stop)).start()
        for line in map(str.rstrip, output):
            if private.ADVICE.match(line):  # the same after every stage
                continue
            if did == UNCHANGED:  # what DVC is about to do it says before the stage's own output begins
                did = RAN if line.startswith(private.RAN) else RESTORED if private.RESTORED in line else did
            tail.append(line)
            on_line(line)
    if process.returncode == 0:
        return did
    if process.returncode == guard.STOPPED or stop.why:
        raise StageStoppedError(f"stage {stage.name} was stopped: {stop.why or 'its guard was told to'}")
    raise _failure(stage, process.returncode, tail)


def _watch(process: subprocess.Popen[bytes], stop: Stop) -> None:
    while process.poll() is None:
        if process.stdin and stop.is_set():
            process.stdin.close()
        if stop.again:
            _kill(process)
        time.sleep(_TICK_S)
    if process.returncode < 0:  # somebody killed the guard; the stage would write, and be waited for, to its end
        _kill(process)


def _kill(leader: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)


def _failure(stage: StageNode, code: int, tail: Iterable[str]) -> StageFailedError:
    exits = [int(found[1]) for line in tail if (found := private.EXITED.search(line))]
    if code == guard.TIMED_OUT:
        reason = f"took longer than its timeout of {stage.hints.timeout_s:g} s and was stopped"
        return StageFailedError(stage.name, reason, None, tail)
    if exits:
        return StageFailedError(stage.name, f"exited with {exits[-1]}", exits[-1], tail)
    reason = "failed: its guard was killed" if code < 0 else f"failed: DVC ended with code {code}"
    return StageFailedError(stage.name, reason, None, tail)
