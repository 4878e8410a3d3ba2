"""One Prefect task for each stage, and the verdict over all of them."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from logging import Logger, LoggerAdapter
from queue import SimpleQueue
from typing import Any, TypeAlias

from prefect import Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Cancelled, Completed, Failed

from pipelines import progress, slots
from pipelines.execute import Executor, Outcome, StageFailedError, StageStoppedError
from pipelines.graph import Stage
from pipelines.plan import Plan
from pipelines.settings import FlowSettings
from pipelines.workspace import Journal

_LOG_PROGRESS_EVERY_S = 10.0
Log: TypeAlias = Logger | LoggerAdapter[Any]


@dataclass
class Run:
    """Turns stages into tasks and remembers how they ended.

    Attributes:
        lock: Descriptor of the workspace's lock, which every stage keeps open.
        finished: Gets the name of each stage whose task has ended; None from whoever stops the run.
    """

    plan: Plan
    settings: FlowSettings
    executor: Executor
    journal: Journal
    board: progress.Board
    lock: int
    finished: SimpleQueue[str | None]
    force: bool
    futures: dict[str, PrefectFuture[Any]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failures: dict[str, StageFailedError] = field(default_factory=dict)
    failed_attempts: Counter[str] = field(default_factory=Counter)

    def start(self, stage: Stage) -> None:
        """Submit the task of a stage whose parents have ended; after a failed parent it ends NotReady."""
        parents = [self.futures[parent] for parent in stage.parents]
        self.futures[stage.name] = self._task(stage).submit(wait_for=parents, return_state=False)
        self.futures[stage.name].add_done_callback(lambda _: self.finished.put(stage.name))

    def made(self) -> list[Stage]:
        """List the stages whose outputs this run has made or restored."""
        return [self.plan.stages[name] for name, outcome in self.outcomes.items() if outcome is not Outcome.UNCHANGED]

    def complete(self) -> bool:
        """Tell whether every stage is up to date, at least one because of this run."""
        return len(self.outcomes) == len(self.plan.stages) and bool(self.made())

    def verdict(self) -> State[Any]:
        """Sum up the run, each failed stage with its last lines."""
        counts = {
            "ran": sum(outcome is Outcome.RAN for outcome in self.outcomes.values()),
            "cached": sum(outcome is not Outcome.RAN for outcome in self.outcomes.values()),
            "failed": len(self.failures),
            "not run": len(self.plan.stages) - len(self.outcomes) - len(self.failures),
        }
        summary = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        if self.executor.stopped:
            return Cancelled(message=f"{self.executor.stopped}; {summary}; the next run continues from here")
        if self.failures:
            return Failed(message="\n\n".join([summary, *map(str, self.failures.values())]))
        return Completed(message=summary)

    def _task(self, stage: Stage) -> Task[[], State[Any]]:
        make = task(
            name=stage.name,
            task_run_name=stage.name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=stage.hints.retries,
            retry_condition_fn=lambda *_: self._worth_a_retry(stage) and self._pause(stage),
        )
        return make((lambda: self._execute(stage)) if stage.name in self.plan.stale else lambda: self._skip(stage))

    def _skip(self, stage: Stage) -> State[Any]:
        self.outcomes[stage.name] = Outcome.UNCHANGED
        return Completed(name="Cached", message="up to date")

    def _execute(self, stage: Stage) -> State[Any]:
        log = get_run_logger()
        for change in stage.changes:
            log.info(change)

        try:
            outcome = self._bring_up_to_date(stage, log)
        except StageStoppedError:
            raise
        except Exception as error:
            self.failures[stage.name] = _as_failure(stage, error)
            raise
        self.failures.pop(stage.name, None)  # of an earlier attempt
        self.board.complete(stage.name)
        self.outcomes[stage.name] = outcome
        return Completed(name="Completed" if outcome is Outcome.RAN else "Cached", message=outcome.value)

    def _bring_up_to_date(self, stage: Stage, log: Log) -> Outcome:
        try:
            with slots.hold(stage.hints.slots, self.settings.slots, lambda: self.executor.check(stage)) as held:
                return self.executor.run(
                    stage, self._reader(stage.name, log.info), force=self.force, held=[self.lock, *held]
                )
        finally:
            if mended := self.journal.update():
                log.warning("%s", mended)

    def _reader(self, stage: str, log: Callable[[str], None]) -> Callable[[str], None]:
        """Make what reads a stage's output: all goes to the log, progress to an artifact and less often."""
        logged = float("-inf")

        def read(line: str) -> None:
            nonlocal logged
            if shown := progress.parse(line):
                self.board.post(stage, shown)
                if time.monotonic() < logged + _LOG_PROGRESS_EVERY_S:
                    return
                logged = time.monotonic()
            if line:
                log(line)

        return read

    def _worth_a_retry(self, stage: Stage) -> bool:
        failure = self.failures.get(stage.name)
        if failure is None or self.executor.stopped:
            return False
        return failure.exit_code not in stage.hints.no_retry_exit_codes

    def _pause(self, stage: Stage) -> bool:
        """Wait before a retry; Prefect's own pause would sit out a stop. Tell whether to go on."""
        self.failed_attempts[stage.name] += 1
        seconds = stage.hints.retry_delay_s * 2 ** (self.failed_attempts[stage.name] - 1)
        get_run_logger().warning("Failed; trying again in %g s", seconds)
        return self.executor.pause(seconds)


def _as_failure(stage: Stage, error: Exception) -> StageFailedError:
    if isinstance(error, StageFailedError):
        return error
    return StageFailedError(stage.name, f"could not be run: {error}", None, ())
