"""Run single stages as `dvc repro --single-item` under a guard, and stop them."""

import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from enum import Enum
from pathlib import Path

import psutil

from pipelines import guard
from pipelines.graph import Stage
from pipelines.warm_dvc import Guarded, WarmDvc
from pipelines.workspace import OF_WORKSPACE

_TAIL_LINES = 15
_NOISE = re.compile(r"(To track the changes with git|\tgit add |To enable auto staging|\tdvc config |Use `dvc push`)")
_EXITED = re.compile(r"exited with (-?\d+)$")


class Outcome(Enum):
    """What DVC did with a stage that did not fail."""

    RAN = "ran"
    RESTORED = "restored from the cache"
    UNCHANGED = "did not change"


class StageStoppedError(RuntimeError):
    """The run was stopped before the stage had ended, or before it had begun."""


class StageFailedError(RuntimeError):
    """A stage failed.

    Attributes:
        exit_code: Exit code of the stage's command (negative: killed by that signal); None when it is not
            known, as after a timeout or an error of DVC itself.
        tail: The last lines of output.
    """

    def __init__(self, stage: str, reason: str, exit_code: int | None, tail: Iterable[str]) -> None:
        self.stage, self.reason, self.exit_code, self.tail = stage, reason, exit_code, tuple(tail)
        head = f"stage {stage} {reason}" + ("; its last lines:" if self.tail else "")
        super().__init__("\n".join([head, *(f"  {line}" for line in self.tail)]))


class Executor:
    """Runs the stages of one workspace, from any number of threads, until it is told to stop.

    Args:
        root: The workspace.
        grace_s: Seconds a stopped stage gets before it is killed.
    """

    def __init__(self, root: Path, grace_s: float) -> None:
        self._root, self._grace_s = root, grace_s
        self._mutex = threading.RLock()  # re-entrant: a signal handler stops while this thread may hold it
        self._running: set[Guarded] = set()
        self._dvc: WarmDvc | None = None
        self.stopped: str | None = None
        self._stopping = threading.Event()

    def __enter__(self) -> "Executor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("the run has ended")
        if self._dvc:
            self._dvc.close()

    def stop(self, why: str) -> None:
        """Stop every running stage and refuse to begin another one."""
        with self._mutex:
            self.stopped = self.stopped or why
            self._stopping.set()
            for guarded in self._running:
                guarded.stop()

    def pause(self, seconds: float) -> bool:
        """Wait, but not beyond a stop; tell whether to go on."""
        return not self._stopping.wait(seconds)

    def check(self, stage: Stage) -> None:
        """See whether a stage may begin.

        Raises:
            StageStoppedError: The run was stopped.
        """
        if self.stopped:
            raise StageStoppedError(f"stage {stage.name} was not begun: {self.stopped}")

    def kill(self) -> None:
        """Kill every running stage, and DVC above it, at once."""
        with self._mutex:
            for guarded in self._running:
                _kill_session(guarded.pid)

    def run(
        self, stage: Stage, on_line: Callable[[str], None], *, force: bool = False, held: Iterable[int] = ()
    ) -> Outcome:
        """Bring one stage up to date; its parents must be.

        Args:
            stage: The stage.
            on_line: Called with each line of output as it comes.
            force: Run it even if nothing changed.
            held: File descriptors (of locks) that the stage's guard keeps open, so that they stay locked
                until the stage is really gone, even when this process dies first.

        Raises:
            StageFailedError: The stage failed, or took longer than its timeout.
            StageStoppedError: The run was stopped.
        """
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        outcome = None
        with closing(self._start(stage, force, held)) as guarded:
            try:
                for line in guarded.output:
                    text = line.rstrip()
                    if _NOISE.match(text):  # DVC's advice, the same after every stage
                        continue
                    outcome = outcome or _outcome(text)
                    tail.append(text)
                    on_line(text)
                code = guarded.wait()
            finally:
                with self._mutex:
                    self._running.discard(guarded)
            if code is None:
                _kill_session(guarded.pid)
        if code == 0:
            return outcome or Outcome.UNCHANGED
        if code == guard.Verdict.STOPPED or self.stopped:
            raise StageStoppedError(f"stage {stage.name} was stopped: {self.stopped or 'its guard was told to'}")
        raise _failure(stage, code, tail)

    def _start(self, stage: Stage, force: bool, held: Iterable[int]) -> Guarded:
        words = ["--wait-for-lock", "repro", "--single-item", *(["--force"] if force else []), stage.name]
        with self._mutex:
            self.check(stage)
            if self._dvc and not self._dvc.alive():  # somebody killed it
                self._dvc.close()
                self._dvc = None
            self._dvc = self._dvc or WarmDvc(self._root, _environment(self._root))
            guarded = self._dvc.start(words, held, timeout_s=stage.hints.timeout_s, grace_s=self._grace_s)
            self._running.add(guarded)
        return guarded


def _environment(root: Path) -> dict[str, str]:
    """Let `python` in a stage mean the interpreter that runs the flow, and its output come line by line.

    What runs in it can be told to be of this workspace, however it came to run on: see `end_leftovers`.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1", OF_WORKSPACE: str(root)}


def _outcome(line: str) -> Outcome | None:
    """Read what DVC says it is about to do, before the stage's own output begins."""
    if line.startswith(("Running stage ", "Verifying data sources ")):
        return Outcome.RAN
    if "is cached - skipping run" in line:
        return Outcome.RESTORED
    return None


def _failure(stage: Stage, code: int | None, tail: Iterable[str]) -> StageFailedError:
    lines = [line for line in tail if line]
    if code == guard.Verdict.TIMED_OUT:
        reason = f"took longer than its timeout of {stage.hints.timeout_s:g} s and was stopped"
        return StageFailedError(stage.name, reason, None, lines)
    exits = [found for line in reversed(lines) if (found := _EXITED.search(line))]
    if exits:
        return StageFailedError(stage.name, f"exited with {exits[0][1]}", int(exits[0][1]), lines)
    reason = "failed: its guard was killed" if code is None else f"failed: DVC ended with code {code}"
    return StageFailedError(stage.name, reason, None, lines)


def _kill_session(leader: int) -> None:
    """Kill what a guard left that was itself killed: it led a session, which all its descendants are in."""
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if os.getsid(process.pid) == leader:
                os.kill(process.pid, signal.SIGKILL)
