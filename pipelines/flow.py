"""The Prefect flow: DVC's graph, one task a stage; watched, and put right on the server after a crash."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import cpu_count
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Crashed, Failed
from pydantic import PositiveInt

from pipelines import artifacts, experiments, graph, plan, settings, workspace
from pipelines.commands import PipelineError
from pipelines.execute import Stop
from pipelines.tasks import Tasks

REFUSED = "Refused"  # name of the state of a run that did not begin, because of something that its user can put right
_UNDER_WAY = {"type": {"any_": ["RUNNING", "CANCELLING"]}}
_EVERY_S = 5.0


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
            in the grammar of `dvc exp run -S`. The run works in a copy of the folder and is recorded as a DVC
            experiment of the run's name.
    """
    root, log = Path.cwd(), get_run_logger()
    try:
        chosen = settings.load(root)
        stop, waits = Stop(chosen.stop_grace_s), chosen.when_busy == "wait"
        with _stoppable(stop), workspace.claim(root, flow_run.name, lambda: waits and not stop.why) as lock:
            for note in [*workspace.mend(root), *_take_over(root)]:
                log.warning("A former run did not end well: %s", note)
            where = experiments.copy(root, overrides) if overrides else root
            planned = plan.make(graph.read(where, chosen), datasets or (), stages or (), force)
            log.info("%s", planned)
            tasks = Tasks(planned, chosen, where, stop, lock, force)
            plan.schedule(planned, jobs or chosen.jobs or cpu_count() or 1, tasks.start, tasks.wait, stop.is_set)
            for note in _show(root, where, tasks):
                log.warning("%s", note)
            return tasks.summary()
    except workspace.BusyError as error:
        return Cancelled(message=str(error))
    except (PipelineError, OSError) as error:  # a full disk, say
        return Failed(name=REFUSED, message=str(error))


def _show(root: Path, where: Path, tasks: Tasks) -> Iterator[str]:
    """Make artifacts of outputs, and record changed settings; yield what cannot be, which makes no work a failure."""
    try:
        yield from artifacts.publish(where, tasks.made(), links=where == root)
    except Exception as error:
        yield f"cannot show what the run made: {error}"
    if tasks.complete() and (where != root or experiments.settings_changed(root)):
        try:
            experiments.record(root, where, name := artifacts.key(str(flow_run.name)))
            get_run_logger().info("Recorded as the DVC experiment %s", name)
        except PipelineError as error:
            yield f"the run could not be recorded as a DVC experiment: {error}"
    if where != root and tasks.summary().is_completed():
        experiments.forget(root)


@contextmanager
def _stoppable(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a cancellation in the UI stop the stages, and a second signal kill them.

    A runner or worker would send SIGTERM when a run is cancelled; one started from the command line has none.
    """

    def on_signal(number: int, _: FrameType | None) -> None:
        stop.now(f"stopped by {signal.Signals(number).name}")

    def watch(run_id: UUID) -> None:
        with get_client(sync_client=True) as client:
            while not stop.wait(_EVERY_S):
                with suppress(Exception):  # a server that is away now may be back at the next look
                    state = client.read_flow_run(run_id).state
                    if state and (state.is_cancelling() or state.is_cancelled()):
                        stop.now("cancelled")

    in_main = threading.current_thread() is threading.main_thread()
    before = {each: signal.signal(each, on_signal) for each in (signal.SIGINT, signal.SIGTERM) if in_main}
    threading.Thread(target=watch, args=[UUID(flow_run.id)], name="cancellation", daemon=True).start()
    try:
        yield
    finally:
        stop.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def workspace_tag(root: Path) -> str:
    """Name a workspace among all that report to one server."""
    return f"{socket.gethostname()}:{root}"


def _take_over(root: Path) -> list[str]:
    """Mark this run as the workspace's, and every other one that the server believes at work there as crashed; say so.

    The workspace is held, so no other run can be alive in it.
    """
    tag, run_id = workspace_tag(root), UUID(flow_run.id)
    with get_client(sync_client=True) as client:
        client.update_flow_run(run_id, tags={*flow_run.tags, tag})
        runs = FlowRunFilter.model_validate({"tags": {"all_": [tag]}, "state": _UNDER_WAY})
        crashed = [each for each in client.read_flow_runs(flow_run_filter=runs) if each.id != run_id]
        for each in crashed:
            state: State[None] = Crashed(message=f"Its process died; run {flow_run.name} found it so and takes over.")
            tasks = TaskRunFilter.model_validate({"flow_run_id": {"any_": [each.id]}, "state": _UNDER_WAY})
            for task_run in client.read_task_runs(task_run_filter=tasks):
                client.set_task_run_state(task_run.id, state, force=True)
            client.set_flow_run_state(each.id, state, force=True)
    return [f"run {each.name} died unnoticed: marked as crashed" for each in crashed]
