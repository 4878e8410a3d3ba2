"""The Prefect flow: DVC's graph, one task a stage."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import cpu_count
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled
from pydantic import PositiveInt

from pipelines import artifacts, experiments, plan, progress, records, settings, takeover
from pipelines.execute import Executor
from pipelines.tasks import Log, Run
from pipelines.workspace import BusyError


@flow(name="pipeline", persist_result=False)
def pipeline(
    datasets: list[str] | None = None,
    stages: list[str] | None = None,
    force: bool = False,
    jobs: PositiveInt | None = None,
    overrides: list[str] | None = None,
) -> State[Any]:
    """Bring the DVC pipeline of the current folder up to date.

    Args:
        datasets: Only stages of these datasets, and their ancestors; all if empty.
        stages: Only these stages (full names, or names before the @), and their ancestors; all if empty.
        force: Run stages that are up to date, too.
        jobs: Stages side by side; the setting `flow.jobs` if empty.
        overrides: Changes of params.yaml for this run alone, such as `datasets.digits.synthesizers.gan.steps=4000`,
            in the grammar of `dvc exp run -S`. The run is recorded as a DVC experiment of the run's name.
    """
    root, name, log = Path.cwd(), str(flow_run.name), get_run_logger()
    run_id = UUID(flow_run.id)
    chosen = settings.load(root)
    finished: SimpleQueue[str | None] = SimpleQueue()
    with ExitStack() as stack:
        executor = stack.enter_context(Executor(root, chosen.stop_grace_s))
        stack.enter_context(_stoppable(executor, run_id, lambda: finished.put(None)))
        try:
            owned = stack.enter_context(
                takeover.take(
                    root, chosen, name, overrides or (), lambda: chosen.when_busy == "wait" and not executor.stopped
                )
            )
        except BusyError as error:
            return Cancelled(message=str(error))
        for note in owned.mended:
            log.warning("A former run did not end well: %s", note)
        for crashed in records.take_over(root, run_id):
            log.warning("Run %s died unnoticed: marked as crashed", crashed)
        planned = plan.make(owned.graph, datasets or (), stages or (), force)
        log.info("%s", planned)
        with progress.Board(log.warning) as board:
            run = Run(planned, chosen, executor, owned.journal, board, owned.lock, finished, force)
            plan.schedule(planned, jobs or chosen.jobs or cpu_count() or 1, run.start, finished.get)
        if mended := owned.journal.close():
            log.warning("%s", mended)
        _show(root, name, run, log)
        return run.verdict()


def _show(root: Path, name: str, run: Run, log: Log) -> None:
    """Make artifacts of what the stages put out; record an experiment when the settings were changed."""
    try:
        for note in artifacts.publish(root, run.made()):
            log.warning("%s", note)
    except Exception as error:  # a server that is away must not make finished work a failure
        log.warning("cannot show what the run made: %s", error)
    if run.complete() and experiments.settings_changed(root):
        experiments.record(root, name)
        log.info("Recorded as the DVC experiment %s", name)


@contextmanager
def _stoppable(executor: Executor, run_id: UUID, wake: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a cancellation in the UI stop the stages; a second signal kills them."""

    def stop(why: str) -> None:
        executor.stop(why)
        wake()

    def on_signal(number: int, _: FrameType | None) -> None:
        if executor.stopped:
            executor.kill()
        stop(f"stopped by {signal.Signals(number).name}")

    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                stack.callback(signal.signal, number, signal.signal(number, on_signal))
        stack.enter_context(records.on_cancelled(run_id, lambda: stop("cancelled")))
        yield
