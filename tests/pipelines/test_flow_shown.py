"""What the server shows of a run: artifacts, progress, logs."""

from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter
from prefect.client.schemas.objects import Artifact, State

from .conftest import Workspace, work
from .processes import eventually
from .runs import run, task_runs

pytestmark = pytest.mark.usefixtures("server")


def artifacts(state: State[Any]) -> list[Artifact]:
    chosen = ArtifactFilter.model_validate({"flow_run_id": {"any_": [state.state_details.flow_run_id]}})
    with get_client(sync_client=True) as client:
        response = client.request("POST", "/artifacts/filter", json={"artifacts": chosen.model_dump(mode="json")})
    return [Artifact.model_validate(each) for each in response.json()]


def test_the_report_the_pictures_and_the_progress_are_artifacts(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8ffff3f"
        "0005fe02fea73581840000000049454e44ae426082"
    )
    (workspace.root / "pixel.png").write_bytes(pixel)
    workspace.stages(
        plot={
            **work(),
            "cmd": "mkdir samples && cp pixel.png samples/1.png && head -c 1000001 /dev/zero > huge.png",
            "outs": ["huge.png"],
            "plots": ["samples"],
        },
        report=work(write="report.md", meta={"flow": {"page": "page.html"}}),
    )
    state = run()
    assert state.is_completed()
    assert "huge.png is larger than 1000000 bytes: not shown" in caplog.messages
    shown = {each.key: each for each in artifacts(state)}
    assert set(shown) == {
        "report-md",
        "report-md-link",
        "page-html-link",
        "samples-1-png",
        "progress-report",
    }
    assert str(shown["report-md"].data) == (workspace.root / "report.md").read_text()
    assert str(shown["samples-1-png"].data).startswith("data:image/png;base64,iVBORw0KGgo")
    assert shown["progress-report"].data == 100.0  # although its last line said 1/4: it has ended
    assert shown["progress-report"].task_run_id == task_runs(state)["report"].id
    assert shown["progress-report"].description == "report: 1/4 step, 9.9 step/s, ETA 0:03, loss 0.5"


def test_the_output_of_a_stage_is_in_the_logs_of_its_task(workspace: Workspace) -> None:
    workspace.stages(one={**work(write="one.txt"), "cmd": "echo 100% of {this} > one.txt; cat one.txt"})
    state = run()
    task_run = task_runs(state)["one"]

    def logged() -> bool:
        with get_client(sync_client=True) as client:
            answer = client.request(
                "POST", "/logs/filter", json={"logs": {"task_run_id": {"any_": [str(task_run.id)]}}}
            )
        return "100% of {this}" in [each["message"] for each in answer.json()]

    eventually(logged)
