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


def test_the_report_the_pictures_and_the_page_are_artifacts_and_the_output_is_logged(workspace: Workspace) -> None:
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
        report={
            **work(write="report.md"),
            "cmd": "python work.py --write report.md && echo 100% of {this}",
            "meta": {"flow": {"page": "page.html"}},
        },
    )
    state = run()
    assert state.is_completed()
    shown = {each.key: each for each in artifacts(state)}
    assert set(shown) == {"report-md", "page-html-link", "samples-1-png"}, "of huge.png the database is spared"
    assert str(shown["report-md"].data) == (workspace.root / "report.md").read_text()
    assert str(shown["samples-1-png"].data).startswith("data:image/png;base64,iVBORw0KGgo")
    assert str(shown["page-html-link"].data).endswith(f"({(workspace.root / 'page.html').as_uri()})")
    task_run = task_runs(state)["report"]

    def logged() -> bool:
        with get_client(sync_client=True) as client:
            answer = client.request(
                "POST", "/logs/filter", json={"logs": {"task_run_id": {"any_": [str(task_run.id)]}}}
            )
        return {"progress: report 1/4 step, 9.9 step/s, ETA 0:03, loss 0.5", "100% of {this}"} <= {
            each["message"] for each in answer.json()
        }

    eventually(logged)
