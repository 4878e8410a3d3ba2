"""One Prefect task for each stage, which runs `dvc repro --single-item` under a guard; and a summary of them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

from prefect import Task, get_run_logger
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Cancelled, Completed, Failed

from pipelines import guard, private, workspace
from pipelines.commands import DVC
from pipelines.graph import StageNode
from pipelines.plan import Plan

RAN, RESTORED, UNCHANGED = "ran", "restored from the cache", "did not change"  # what DVC did with a stage
ABSENT = "is in no cache"  # so it would have to run
_TAIL_LINES, _TICK_S = 15, 0.05
OnLine: TypeAlias = Callable[[str], None]  # gets each line of a stage's output


class StageError(RuntimeError):
    """A stage failed, or was stopped; with the last lines of its output."""

    def __init__(self, reason: str, tail: Iterable[str] = ()) -> None:
        lines = list(filter(None, tail))
        super().__init__("\n  ".join([f"{reason}; its last lines:" if lines else reason, *lines]))


class Stop(threading.Event):
    """Stops the stages of a run, and keeps others from beginning; kills them after `grace_s`, or when told again."""

    def __init__(self, grace_s: float) -> None:
        super().__init__()
        self.grace_s, self.why, self.again = grace_s, "", False

    def now(self, why: str) -> None:
        """Stop, for a reason; the first one counts."""
        self.why, self.again = self.why or why, bool(self.why)
        self.set()


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM, which Prefect sends to a cancelled run, stop the stages, and a second one kill them."""
    on_signal = lambda number, _: stop.now(f"stopped by {signal.Signals(number).name}")  # noqa: E731
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Tasks:
    """Turns the stages of a plan into tasks, which `bring` them up to date, and remembers how they ended.

    The name of each whose task has ended goes to `finished`.
    """

    def __init__(self, plan: Plan, where: Path, stop: Stop, bring: Callable[[StageNode, OnLine], str]) -> None:
        self.plan, self._where, self._stop, self._bring = plan, where, stop, bring
        self.finished = SimpleQueue[str]()
        self._futures: dict[str, PrefectFuture[Any]] = {}
        self._done, self._failures = dict[str, str](), dict[str, str]()

    def start(self, stage: StageNode) -> None:
        """Submit the task of a stage whose parents have ended; after a failed parent it ends NotReady.

        One that is up to date has none: of fifty datasets nearly all are, and hundreds of tasks would do nothing.
        """
        if stage.name not in self.plan.stale:
            self._done[stage.name] = UNCHANGED
            self.finished.put(stage.name)
            return
        above = [self._futures[parent] for parent in stage.parents if parent in self._futures]
        task = Task(
            lambda: self._run(stage),
            name=stage.name,
            task_run_name=stage.name,
            tags=stage.hints.tags,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=stage.hints.retries,
            retry_condition_fn=lambda *_: not self._stop.is_set(),
        )
        future = task.submit(wait_for=above, return_state=False)
        self._futures[stage.name] = future
        future.add_done_callback(lambda _: self.finished.put(stage.name))

    def made(self) -> list[StageNode]:
        """List the stages whose outputs this run has made or restored."""
        return [self.plan.stages[name] for name, did in self._done.items() if did != UNCHANGED]

    def summary(self) -> State[Any]:
        """Sum up the run, each failed stage with its last lines."""
        ran = list(self._done.values()).count(RAN)
        counts = {"ran": ran, "cached": len(self._done) - ran, "failed": len(self._failures)}
        counts["not run"] = len(self.plan.stages) - sum(counts.values())
        summary = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        if self._stop.why:
            return Cancelled(message=f"{self._stop.why}; {summary}; the next run continues from here")
        if self._failures:
            failed = (f"stage {name} {failure}" for name, failure in self._failures.items())
            return Failed(message="\n\n".join([summary, *failed]))
        return Completed(message=summary)

    def _run(self, stage: StageNode) -> State[Any]:
        log = get_run_logger()
        log.info("%s", stage.changes or "what it reads may have changed")
        try:
            did = self._bring(stage, lambda line: log.info("%s", line))
        except Exception as error:
            if not self._stop.why:
                self._failures[stage.name] = str(error)
            with suppress(OSError):  # without room on the disk the next run will do it
                if mended := workspace.mend_lock(self._where):  # or the stages beside it would fail, too
                    log.warning("%s", mended)
            raise
        self._failures.pop(stage.name, None)  # of an earlier attempt
        self._done[stage.name] = did
        return Completed(name="Completed" if did == RAN else "Cached", message=did)


def run(
    stage: StageNode,
    where: Path,
    stop: Stop,
    on_line: OnLine,
    words: Iterable[str] = (),
    held: Iterable[int] = (),
    restore: bool = False,
) -> str:
    """Bring one stage up to date in a folder, where its parents are; hand on each line of output; tell what DVC did.

    `words` are more ones for `dvc repro`, such as `--force`. To `restore` is to run nothing, but take it from the cache
    if it is there. The descriptors `held` (of locks) stay open until it is really gone, even when this process dies
    first. Raises StageError.
    """
    if stop.is_set():
        raise StageError(f"was not begun: {stop.why}")
    limits = [str(stage.hints.timeout_s or "inf"), str(stop.grace_s), "--spare"]
    words = ["repro", "--single-item", *words, stage.name]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    ours = {"PATH": path, "PYTHONUNBUFFERED": "1", workspace.AT_WORK_IN: str(where)}  # `python` is this one
    ours |= {"LOKY_MAX_CPU_COUNT": "1"}  # joblib's: stages are side by side already
    ours |= private.NO_SHELL if restore else {}
    tail, did = deque[str](maxlen=_TAIL_LINES), UNCHANGED
    with subprocess.Popen(
        [sys.executable, guard.__file__, *limits, *DVC, *words],
        cwd=where,
        env=os.environ | ours,
        stdin=subprocess.PIPE,  # closed in the end, whatever happens, so that nothing of the stage is left
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=list(held),
        start_new_session=True,  # Ctrl-C in a terminal must reach the flow, not DVC
    ) as process:
        threading.Thread(target=_watch, args=(process, stop)).start()
        for line in map(str.rstrip, process.stdout or ()):
            if private.ADVICE.match(line):  # the same after every stage
                continue
            if did == UNCHANGED:  # what DVC is about to do it says before the stage's own output begins
                did = RAN if line.startswith(private.RAN) else RESTORED if private.RESTORED in line else did
            tail.append(line)
            on_line(line)
    if process.returncode == 0:
        return did
    if restore and did == RAN:
        return ABSENT
    if stop.why:
        raise StageError(f"was stopped: {stop.why}")
    if process.returncode == guard.TIMED_OUT:
        raise StageError(f"took longer than its timeout of {stage.hints.timeout_s:g} s and was stopped", tail)
    raise StageError("failed", tail)


def _watch(process: subprocess.Popen[str], stop: Stop) -> None:
    while process.poll() is None and not stop.again:
        if process.stdin and stop.is_set():
            process.stdin.close()
        time.sleep(_TICK_S)
    if stop.again or process.returncode < 0:  # somebody killed the guard, and the stage would go on
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
