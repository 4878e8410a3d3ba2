"""One Prefect task for each stage, which runs `dvc repro --single-item` under a guard; and a summary of them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from prefect import Task, get_run_logger
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Cancelled, Completed, Failed

from pipelines import guard, private, workspace
from pipelines.artifacts import ProgressLine
from pipelines.commands import DVC
from pipelines.graph import StageNode
from pipelines.plan import Plan
from pipelines.settings import FlowSettings

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


class Tasks:
    """Turns the stages of a plan into tasks, which keep the workspace's `lock` open, and remembers how they ended.

    The name of each whose task has ended goes to `finished`.
    """

    def __init__(self, plan: Plan, settings: FlowSettings, where: Path, stop: Stop, lock: int, force: bool) -> None:
        self._plan, self._settings, self._where, self._stop = plan, settings, where, stop
        self._lock, self._force, self.finished = lock, force, SimpleQueue[str]()
        self._futures: dict[str, PrefectFuture[Any]] = {}
        self._done, self._failures, self._attempts = dict[str, str](), dict[str, StageFailedError](), Counter[str]()

    def start(self, stage: StageNode) -> None:
        """Submit the task of a stage whose parents have ended; after a failed parent it ends NotReady."""
        task = Task(
            lambda: self._run(stage) if stage.name in self._plan.stale else self._skip(stage),
            name=stage.name,
            task_run_name=stage.name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=stage.hints.retries,
            retry_condition_fn=lambda *_: self._worth_a_retry(stage),
        )
        future = task.submit(wait_for=[self._futures[parent] for parent in stage.parents], return_state=False)
        self._futures[stage.name] = future
        future.add_done_callback(lambda _: self.finished.put(stage.name))

    def made(self) -> list[StageNode]:
        """List the stages whose outputs this run has made or restored."""
        return [self._plan.stages[name] for name, did in self._done.items() if did != UNCHANGED]

    def summary(self) -> State[Any]:
        """Sum up the run, each failed stage with its last lines."""
        ran = list(self._done.values()).count(RAN)
        counts = {"ran": ran, "cached": len(self._done) - ran, "failed": len(self._failures)}
        counts["not run"] = len(self._plan.stages) - sum(counts.values())
        summary = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        if self._stop.why:
            return Cancelled(message=f"{self._stop.why}; {summary}; the next run continues from here")
        if self._failures:
            return Failed(message="\n\n".join([summary, *map(str, self._failures.values())]))
        return Completed(message=summary)

    def _skip(self, stage: StageNode) -> State[Any]:
        self._done[stage.name] = UNCHANGED
        return Completed(name="Cached", message="up to date")

    def _run(self, stage: StageNode) -> State[Any]:
        log = get_run_logger()
        for change in stage.changes:
            log.info("%s", change)
        line = ProgressLine(stage.name, log.info)
        try:
            with workspace.slots(stage.hints.slots, self._settings.slots, self._stop.is_set) as held:
                did = run(stage, self._where, self._stop, line.read, self._force, [self._lock, *held])
        except StageStoppedError:
            raise
        except Exception as error:
            unknown = StageFailedError(stage.name, f"could not be run: {error}")
            self._failures[stage.name] = error if isinstance(error, StageFailedError) else unknown
            with suppress(OSError):  # without room on the disk the next run will do it
                if mended := workspace.mend_lock(self._where):  # or the stages beside it would fail, too
                    log.warning("%s", mended)
            raise
        self._failures.pop(stage.name, None)  # of an earlier attempt
        line.complete()
        self._done[stage.name] = did
        return Completed(name="Completed" if did == RAN else "Cached", message=did)

    def _worth_a_retry(self, stage: StageNode) -> bool:
        """Tell whether to try again, after a pause; one of Prefect's, `retry_delay_seconds`, would sit out a stop."""
        failure = self._failures.get(stage.name)
        if self._stop.why or failure is None or failure.exit_code in stage.hints.no_retry_exit_codes:
            return False
        seconds = stage.hints.retry_delay_s * 2 ** self._attempts[stage.name]
        self._attempts[stage.name] += 1
        get_run_logger().warning("Failed; trying again in %g s", seconds)
        return not self._stop.wait(seconds)


def run(
    stage: StageNode, where: Path, stop: Stop, on_line: Callable[[str], None], force: bool, held: Iterable[int] = ()
) -> str:
    """Bring one stage up to date in a folder, where its parents are; hand on each line of output; tell what DVC did.

    `force` runs it even if nothing has changed. The descriptors `held` (of locks) stay open until it is really gone,
    even when this process dies first. Raises StageFailedError, also after its timeout, or StageStoppedError.
    """
    if stop.is_set():
        raise StageStoppedError(f"stage {stage.name} was not begun: {stop.why}")
    limits = [str(stage.hints.timeout_s or "inf"), str(stop.grace_s), "--spare"]
    words = ["repro", "--single-item", *(["--force"] if force else []), stage.name]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    ours = {"PATH": path, "PYTHONUNBUFFERED": "1", workspace.AT_WORK_IN: str(where)}  # `python` is this one
    tail, did = deque[str](maxlen=_TAIL_LINES), UNCHANGED
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
    code = process.returncode
    if code == 0:
        return did
    if code == guard.STOPPED or stop.why:
        raise StageStoppedError(f"stage {stage.name} was stopped: {stop.why or 'its guard was told to'}")
    if code == guard.TIMED_OUT:
        reason = f"took longer than its timeout of {stage.hints.timeout_s:g} s and was stopped"
        raise StageFailedError(stage.name, reason, None, tail)
    if exits := [found for found in map(private.EXITED.search, tail) if found]:
        raise StageFailedError(stage.name, exits[-1][0], int(exits[-1][1]), tail)
    reason = "its guard was killed" if code < 0 else f"DVC ended with code {code}"
    raise StageFailedError(stage.name, f"failed: {reason}", None, tail)


def _watch(process: subprocess.Popen[bytes], stop: Stop) -> None:
    while process.poll() is None and not stop.again:
        if process.stdin and stop.is_set():
            process.stdin.close()
        time.sleep(_TICK_S)
    if stop.again or process.returncode < 0:  # somebody killed the guard, and the stage would go on
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
