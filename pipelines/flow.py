"""The Prefect flow: DVC's graph, one task a stage; watched, and put right on the server after a crash."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from logging import INFO, WARNING
from os import cpu_count
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.client.schemas.schedules import CronSchedule
from prefect.runtime import flow_run
from prefect.states import Cancelled, Crashed, Failed
from prefect.types.entrypoint import EntrypointType
from pydantic import PositiveInt, ValidationError

from pipelines import artifacts, disk, experiments, graph, history, notify, plan, pools, settings, workspace
from pipelines.commands import PipelineError
from pipelines.tasks import Stop, Tasks, run, stoppable

REFUSED = "Refused"  # name of the state of a run that did not begin, because of something that its user can put right


@flow(name="pipeline", persist_result=False, on_failure=[notify.of_end], on_crashed=[notify.of_end])
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
        stop = Stop(chosen.stop_grace_s)
        with stoppable(stop), workspace.claim(root, flow_run.name) as lock:
            mended, died = workspace.mend(root), list(_take_over(root))
            for note in [*mended, *died]:
                log.warning("A former run did not end well: %s", note)
            if died and "failed" in chosen.notify.on:
                notify.send(root, chosen.notify, "a former run did not end well", died)
            where = experiments.copy(root, overrides) if overrides else root
            wanted = (datasets or (), stages or ())
            whole = graph.read(where, lambda found: plan.select(found, *wanted))
            planned = plan.make(whole, *wanted, force)
            log.info("%d of %d stages to run", len(planned.stale), len(planned.stages))
            enough, told = disk.outlook(where, planned)
            log.log(INFO if enough else WARNING, "%s", told)

            here = partial(run, where=where, stop=stop, held=[lock], words=["--force"] if force else [])

            pool_of = pools.assign(whole, planned, chosen.pools, force)
            there = pools.Pools(pool_of, here, root, where, stop, chosen.workers, workspace_tag(root))
            for note in there.open():
                log.warning("A former run did not end well: %s", note)
            tasks = Tasks(replace(planned, elsewhere=frozenset(pool_of)), where, stop, there.bring)
            jobs = jobs or chosen.jobs or cpu_count() or 1
            plan.schedule(tasks.plan, jobs, tasks.start, tasks.finished.get, stop.is_set)
            _show(root, where, tasks)
            if where == root:
                _note(root, str(tasks.summary().message), chosen.notify)
            return tasks.summary()
    except workspace.BusyError as error:
        return Cancelled(message=str(error))
    except (PipelineError, OSError) as error:  # a full disk, say
        return Failed(name=REFUSED, message=str(error))


def _show(root: Path, where: Path, tasks: Tasks) -> None:
    """Make artifacts of outputs, and record changed settings; warn of what cannot be, which makes no work a failure."""
    log = get_run_logger()
    try:
        artifacts.publish(where, tasks.made(), links=where == root)
    except Exception as error:
        log.warning("Cannot show what the run made: %s", error)
    if where != root and tasks.summary().is_completed():
        name = artifacts.key(str(flow_run.name))
        try:
            experiments.record(root, where, name, tasks.plan.stages)
            log.info("Recorded as the DVC experiment %s", name)
        except PipelineError as error:
            log.warning("The run could not be recorded as a DVC experiment: %s", error)


def _note(root: Path, message: str, chosen: settings.NotifySettings) -> None:
    """Note the run in the history, and send what is new in the verdicts, which is no failure if it cannot be."""
    try:
        found = history.note(root, str(flow_run.name), message)
    except (PipelineError, OSError) as error:
        get_run_logger().warning("The run could not be noted in the history: %s", error)
    else:
        notify.send(root, chosen, f"run {flow_run.name}", notify.of_verdicts(found, chosen))


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
        under_way = {"type": {"any_": ["RUNNING", "CANCELLING"]}}
        runs = FlowRunFilter.model_validate({"tags": {"all_": [tag]}, "state": under_way})
        for each in client.read_flow_runs(flow_run_filter=runs):
            if each.id != run_id:
                told = f"Its process died; {flow_run.name} found it so and takes over."
                client.set_flow_run_state(each.id, Crashed(message=told), force=True)
                yield f"run {each.name} died unnoticed: marked as crashed"


def serve(root: Path, chosen: settings.FlowSettings) -> None:
    """Serve the flow of a workspace until Ctrl-C: scheduled, and on request from the UI.

    It has the workspace's name, since one server may have several. Raises PipelineError for a schedule that is none.
    """
    try:
        schedules = [CronSchedule(cron=chosen.cron, timezone=chosen.timezone)] if chosen.cron else []
    except ValidationError as error:
        told = "; ".join(each["msg"] for each in error.errors())
        raise PipelineError(f"{settings.PARAMS_FILE}: flow: {told}") from error
    notify.watch(name := artifacts.key(workspace_tag(root)), chosen.notify)
    pipeline.serve(
        name=name,
        schedules=schedules,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
