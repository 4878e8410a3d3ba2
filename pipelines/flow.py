"""The Prefect flow: DVC's graph, one task a stage; watched, and put right on the server after a crash."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import cpu_count
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import DeploymentStatus, State
from prefect.events import DeploymentEventTrigger, emit_event
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from prefect.schedules import Cron
from prefect.states import Cancelled, Crashed, Failed
from prefect.types.entrypoint import EntrypointType
from pydantic import PositiveInt

from pipelines import artifacts, experiments, graph, plan, settings, workspace
from pipelines.commands import PipelineError
from pipelines.tasks import Stop, Tasks

SERVED = "scheduled"  # name of the deployment
REFUSED = "Refused"  # name of the state of a run that did not begin, because of something that its user can put right
DATA_CHANGED = "pipelines.data-changed"
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
            plan.schedule(
                planned, jobs or chosen.jobs or cpu_count() or 1, tasks.start, tasks.finished.get, stop.is_set
            )
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
    completed, name = tasks.summary().is_completed(), artifacts.key(str(flow_run.name))
    if completed and tasks.made() and (where != root or experiments.settings_changed(root)):
        try:
            experiments.record(root, where, name)
            get_run_logger().info("Recorded as the DVC experiment %s", name)
        except PipelineError as error:
            yield f"the run could not be recorded as a DVC experiment: {error}"
    if completed and where != root:
        experiments.forget(root)


@contextmanager
def _stoppable(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a cancellation in the UI stop the stages, and a second signal kill them.

    A runner or worker would send SIGTERM when a run is cancelled; one started from the command line has none.
    """

    def watch(run_id: UUID) -> None:
        with get_client(sync_client=True) as client:
            while not stop.wait(_EVERY_S):
                with suppress(Exception):  # a server that is away now may be back at the next look
                    state = client.read_flow_run(run_id).state
                    if state and (state.is_cancelling() or state.is_cancelled()):
                        stop.now("cancelled")

    numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    on_signal = lambda number, _: stop.now(f"stopped by {signal.Signals(number).name}")  # noqa: E731
    before = {number: signal.signal(number, on_signal) for number in numbers}
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


def _take_over(root: Path) -> Iterator[str]:
    """Mark this run as the workspace's, and every other one that the server believes at work there as crashed; say so.

    The workspace is held, so no other run can be alive in it.
    """
    tag, run_id = workspace_tag(root), UUID(flow_run.id)
    with get_client(sync_client=True) as client:
        client.update_flow_run(run_id, tags={*flow_run.tags, tag})
        runs = FlowRunFilter.model_validate({"tags": {"all_": [tag]}, "state": _UNDER_WAY})
        for each in client.read_flow_runs(flow_run_filter=runs):
            if each.id != run_id:
                state: State[None] = Crashed(message=f"Its process died; {flow_run.name} found it so and takes over.")
                tasks = TaskRunFilter.model_validate({"flow_run_id": {"any_": [each.id]}, "state": _UNDER_WAY})
                for task_run in client.read_task_runs(task_run_filter=tasks):
                    client.set_task_run_state(task_run.id, state, force=True)
                client.set_flow_run_state(each.id, state, force=True)
                yield f"run {each.name} died unnoticed: marked as crashed"


def serve(root: Path, chosen: settings.FlowSettings) -> None:
    """Serve the flow of a workspace until Ctrl-C: scheduled, on request from the UI, and on changed data.

    Runs queue up behind each other, or cancel themselves, as `flow.when_busy` says; see `workspace.claim`.
    """
    tag, of_workspace = workspace_tag(root), {"prefect.resource.id": workspace_tag(root)}
    of_ours = f"The DVC pipeline of {tag}"
    _refuse_beside_another(of_ours)

    def watch() -> None:
        for changed in changes(root, chosen.watch):
            emit_event(DATA_CHANGED, of_workspace, payload={"paths": changed})

    threading.Thread(target=watch, name="watch", daemon=True).start()
    pipeline.serve(
        name=SERVED,
        schedule=Cron(chosen.cron, timezone=chosen.timezone) if chosen.cron else None,
        triggers=[DeploymentEventTrigger(name=f"data of {tag}", expect={DATA_CHANGED}, match=of_workspace)],
        entrypoint_type=EntrypointType.MODULE_PATH,
        description=of_ours,
    )


def _refuse_beside_another(ours: str) -> None:
    """Raise PipelineError if another workspace is served at this server: each would run what is meant for the other."""
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        there = client.read_deployment_by_name(f"{pipeline.name}/{SERVED}")
        asked_for = there.status == DeploymentStatus.READY and not there.paused  # by who serves it, in the last minute
        if asked_for and there.description != ours:
            raise PipelineError(
                f"{there.description} is served at this server already; two would run each other's. "
                f"Give this project a server of its own with flow.server.port in {settings.PARAMS_FILE}"
            )


def changes(root: Path, watch: settings.WatchSettings) -> Iterator[list[str]]:
    """Yield, for ever, the watched paths that have changed, each time they have settled after a change."""
    known = seen = {path: set(_files(root / path)) for path in watch.paths}
    since = time.monotonic()
    while True:
        time.sleep(watch.every_s)
        now = {path: set(_files(root / path)) for path in watch.paths}
        if now != seen:
            seen, since = now, time.monotonic()
        elif now != known and time.monotonic() - since >= watch.settled_s:
            yield [path for path in watch.paths if now[path] != known[path]]
            known = now


def _files(top: Path) -> Iterator[tuple[Path, int, int]]:
    for path in [top, *top.rglob("*")]:
        with suppress(FileNotFoundError):  # it went away meanwhile, which the next look will see
            if path.is_file():
                yield path, path.stat().st_size, path.stat().st_mtime_ns
