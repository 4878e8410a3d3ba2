"""Served for real: on a schedule's cue, and from the UI."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling

from pipelines import settings
from pipelines.artifacts import key
from pipelines.commands import PipelineError
from pipelines.flow import serve, workspace_tag
from pipelines.notify import of_deployment

from .conftest import Workspace, work
from .processes import eventually, named, working_in


@pytest.fixture
def served(workspace: Workspace, server: str) -> Iterator[Workspace]:
    """Serve a workspace on a schedule."""
    del server
    workspace.params(flow={"cron": "0 3 * * *", "timezone": "Europe/Berlin"})
    workspace.stages(one=work(write="one.txt"), slow=work("one.txt", "slow.txt", "--sleep 60 --child"))
    with workspace.start("serve") as process:
        with get_client(sync_client=True) as client:
            eventually(lambda: client.read_deployments() != [], 30)
        yield workspace
        process.terminate()
        process.communicate(timeout=30)
        eventually(lambda: working_in(workspace.root) == [])


def ended() -> list[FlowRun]:
    """Read the served flow's runs that are over."""
    with get_client(sync_client=True) as client:
        (deployment,) = client.read_deployments()
        chosen = FlowRunFilter.model_validate({"deployment_id": {"any_": [deployment.id]}})
        runs = client.read_flow_runs(flow_run_filter=chosen)
    return [each for each in runs if each.state and each.state.is_final()]


def test_schedule_parameters_and_runs_by_request_one_of_them_cancelled(served: Workspace) -> None:
    with get_client(sync_client=True) as client:
        (deployment,) = client.read_deployments()
        assert deployment.name == key(workspace_tag(served.root))
        (schedule,) = deployment.schedules
        assert (schedule.schedule.cron, schedule.schedule.timezone) == ("0 3 * * *", "Europe/Berlin")  # type: ignore[union-attr]
        assert "overrides" in (deployment.parameter_openapi_schema or {})["properties"]
        client.create_flow_run_from_deployment(deployment.id, parameters={"stages": ["one"]})
        eventually(lambda: len(ended()) == 1, 60)
        assert [each.state.message for each in ended() if each.state] == ["1 ran"]

        known = of_deployment(deployment.name)  # by which the server watches that runs end well
        wanted = {"filter": {"event": {"name": ["prefect.flow-run.Completed"]}}}
        eventually(  # the server, which other tests have, too, takes a moment to note an event
            lambda: any(
                known.items() <= related.items()
                for event in client.request("POST", "/events/filter", json=wanted).json()["events"]
                for related in event["related"]
            ),
            30,
        )

        cancelled = client.create_flow_run_from_deployment(deployment.id)
        eventually(lambda: served.ran() == ["one", "slow"], 60)
        client.set_flow_run_state(cancelled.id, Cancelling())
        eventually(lambda: len(ended()) == 2, 60)
        assert client.read_flow_run(cancelled.id).state_name == "Cancelled"
    eventually(lambda: named("work.py", served.root) == [])


def test_a_wrong_schedule_is_refused(workspace: Workspace, server: str) -> None:
    del server
    workspace.params(flow={"cron": "0 25 * * *", "timezone": "Mars/X"})
    with pytest.raises(PipelineError, match=r'params\.yaml: flow: .*Invalid cron string: "0 25.*Invalid timezone: "M'):
        serve(workspace.root, settings.load(workspace.root))


@pytest.mark.usefixtures("served")
def test_the_server_has_the_next_nights_scheduled() -> None:
    def nights() -> list[FlowRun]:
        scheduled = FlowRunFilter.model_validate({"state": {"type": {"any_": ["SCHEDULED"]}}})
        with get_client(sync_client=True) as client:
            return client.read_flow_runs(flow_run_filter=scheduled)

    eventually(nights, 60)
    berlin = ZoneInfo("Europe/Berlin")
    times = [each.expected_start_time for each in nights()]
    assert {each.astimezone(berlin).strftime("%H:%M") for each in times if each} == {"03:00"}
