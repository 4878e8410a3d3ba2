"""Served for real: on a schedule's cue, from the UI, and when data changes."""

import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun

from pipelines.flow import changes
from pipelines.settings import WatchSettings

from .conftest import Workspace, work
from .processes import eventually, working_in


@pytest.fixture
def served(workspace: Workspace, server: str) -> Iterator[Workspace]:
    """Serve a workspace with a watched folder and a schedule."""
    del server
    (workspace.root / "raw").mkdir()
    (workspace.root / "raw" / "1.txt").write_text("1")
    workspace.params(
        flow={"cron": "0 3 * * *", "timezone": "Europe/Berlin"}
        | {"watch": {"paths": ["raw"], "every_s": 0.2, "settled_s": 0.5}}
    )
    workspace.stages(
        one={"cmd": "cat raw/* > one.txt", "deps": ["raw"], "outs": ["one.txt"]},
        slow=work("one.txt", "slow.txt", "--sleep 2"),
    )
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


def test_schedule_parameters_and_runs_by_request_and_by_changed_data(served: Workspace) -> None:
    with get_client(sync_client=True) as client:
        (deployment,) = client.read_deployments()
        (schedule,) = deployment.schedules
        assert (schedule.schedule.cron, schedule.schedule.timezone) == ("0 3 * * *", "Europe/Berlin")  # type: ignore[union-attr]
        assert "overrides" in (deployment.parameter_openapi_schema or {})["properties"]
        client.create_flow_run_from_deployment(deployment.id, parameters={"stages": ["one"]})
    eventually(lambda: len(ended()) == 1, 60)
    assert [each.state.message for each in ended() if each.state] == ["1 ran"]

    other = Workspace(served.root.with_name("other"))
    shutil.copytree(served.root, other.root)
    refused = other.flow("serve")
    assert refused.returncode == 65
    assert re.search(
        rf"pipeline of .*:{served.root} is served at this server already.*flow\.server\.port", refused.stderr
    )

    (served.root / "raw" / "2.txt").write_text("2")
    eventually(lambda: len(ended()) == 2, 60)
    assert (served.root / "one.txt").read_text() == "12"
    assert (served.root / "slow.txt").exists()


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


def test_changes_are_told_once_and_only_when_they_have_settled(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "file").write_text("1")
    told: list[tuple[float, list[str]]] = []

    def watch() -> None:
        settings = WatchSettings(paths=("raw", "file"), every_s=0.05, settled_s=0.4)
        for changed in changes(tmp_path, settings):
            told.append((time.monotonic(), changed))

    threading.Thread(target=watch, daemon=True).start()
    time.sleep(0.2)
    for number in range(4):  # a copy that takes a while
        (tmp_path / "raw" / f"{number}").write_text("1")
        time.sleep(0.15)
    last = time.monotonic()
    eventually(lambda: told)
    assert told[0][0] - last > 0.2
    assert [changed for _, changed in told] == [["raw"]]
    (tmp_path / "file").unlink()
    eventually(lambda: len(told) == 2)
    assert told[1][1] == ["file"]
