"""One Prefect task for each stage, and the summary of all of them."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Cancelled, Completed, Failed

from pipelines import execute, workspace
from pipelines.artifacts import ProgressLine
from pipelines.execute import StageFailedError, StageStoppedError, Stop
from pipelines.graph import StageNode
from pipelines.plan import Plan
from pipelines.settings import FlowSettings


class Tasks:
    """Turns the stages of a plan into tasks, which keep the workspace's `lock` open, and remembers how they ended."""

    def __init__(self, plan: Plan, settings: FlowSettings, where: Path, stop: Stop, lock: int, force: bool) -> None:
        self._plan, self._settings, self._where, self._stop = plan, settings, where, stop
        self._lock, self._force = lock, force
        self._finished = SimpleQueue[str]()
        self._futures: dict[str, PrefectFuture[Any]] = {}
        self._done: dict[str, str] = {}
        self._failures: dict[str, StageFailedError] = {}
        self._failed_attempts = Counter[str]()

    def start(self, stage: StageNode) -> None:
        """Submit the task of a stage whose parents have ended; after a failed parent it ends NotReady."""
        make = task(
            name=stage.name,
            task_run_name=stage.name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=stage.hints.retries,
            retry_condition_fn=lambda *_: self._worth_a_retry(stage),
        )
        run: Callable[[], State[Any]] = lambda: self._run(stage)  # noqa: E731 - a task is made of a function
        future = make(run).submit(wait_for=[self._futures[parent] for parent in stage.parents], return_state=False)
        self._futures[stage.name] = future
        future.add_done_callback(lambda _: self._finished.put(stage.name))

    def wait(self) -> str:
        """Wait for the end of any task; return its stage's name."""
        return self._finished.get()

    def made(self) -> list[StageNode]:
        """List the stages whose outputs this run has made or restored."""
        return [self._plan.stages[name] for name, how in self._done.items() if how != execute.UNCHANGED]

    def complete(self) -> bool:
        """Tell whether every stage is up to date, at least one because of this run."""
        return len(self._done) == len(self._plan.stages) and bool(self.made())

    def summary(self) -> State[Any]:
        """Sum up the run, each failed stage with its last lines."""
        ran = list(self._done.values()).count(execute.RAN)
        counts = {"ran": ran, "cached": len(self._done) - ran, "failed": len(self._failures)}
        counts["not run"] = len(self._plan.stages) - sum(counts.values())
        summary = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        if self._stop.why:
            return Cancelled(message=f"{self._stop.why}; {summary}; the next run continues from here")
        if self._failures:
            return Failed(message="\n\n".join([summary, *map(str, self._failures.values())]))
        return Completed(message=summary)

    def _run(self, stage: StageNode) -> State[Any]:
        if stage.name not in self._plan.stale:
            self._done[stage.name] = execute.UNCHANGED
            return Completed(name="Cached", message="up to date")
        log = get_run_logger()
        for change in stage.changes:
            log.info("%s", change)
        line = ProgressLine(stage.name, log.info)
        try:
            with workspace.slots(stage.hints.slots, self._settings.slots, lambda: self._stop.check(stage)) as held:
                did = execute.run(stage, self._where, self._stop, line.read, self._force, [self._lock, *held])
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
        return Completed(name="Completed" if did == execute.RAN else "Cached", message=did)

    def _worth_a_retry(self, stage: StageNode) -> bool:
        """Tell whether to try again, after a pause; one of Prefect's, `retry_delay_seconds`, would sit out a stop."""
        failure = self._failures.get(stage.name)
        if self._stop.why or failure is None or failure.exit_code in stage.hints.no_retry_exit_codes:
            return False
        seconds = stage.hints.retry_delay_s * 2 ** self._failed_attempts[stage.name]
        self._failed_attempts[stage.name] += 1
        get_run_logger().warning("Failed; trying again in %g s", seconds)
        return not self._stop.wait(seconds)
