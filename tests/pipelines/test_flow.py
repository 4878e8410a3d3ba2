"""The flow on a real server: what runs, what is shown, what fails, what is recorded."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.objects import Artifact, State, TaskRun
from prefect.states import Cancelling, Running

from pipelines import records
from pipelines.flow import pipeline
from pipelines.workspace import claim

from .conftest import Workspace, work
from .processes import eventually, held_elsewhere

pytestmark = pytest.mark.usefixtures("server")


def run(**parameters: Any) -> State[Any]:
    state: State[Any] = pipeline(**parameters, return_state=True)
    return state


def task_runs(state: State[Any]) -> dict[str, TaskRun]:
    """Read the task runs of a flow run once the server has recorded how all of them ended."""
    run_id = state.state_details.flow_run_id
    chosen = FlowRunFilter.model_validate({"id": {"any_": [run_id]}})
    found: dict[str, TaskRun] = {}

    def recorded() -> bool:
        with get_client(sync_client=True) as client:
            found.update({each.name: each for each in client.read_task_runs(flow_run_filter=chosen)})
        return bool(found) and all(
            each.state is not None and (each.state.is_final() or each.state.name == "NotReady")
            for each in found.values()
        )

    try:
        eventually(recorded)
    except AssertionError:
        # The flow has ended, and so have its tasks. On a busy machine the server very seldom misses the end of a task
        # that takes no time, and shows it as running for good: PrefectHQ/prefect issue 19261 is of the like.
        pytest.xfail(f"Prefect lost how a task ended: { {name: each.state_name for name, each in found.items()} }")
    return found


def state_names(state: State[Any]) -> dict[str, str | None]:
    return {name: each.state_name for name, each in task_runs(state).items()}


def artifacts(state: State[Any]) -> list[Artifact]:
    chosen = ArtifactFilter.model_validate({"flow_run_id": {"any_": [state.state_details.flow_run_id]}})
    with get_client(sync_client=True) as client:
        response = client.request("POST", "/artifacts/filter", json={"artifacts": chosen.model_dump(mode="json")})
    return [Artifact.model_validate(each) for each in response.json()]


def test_after_the_flow_repro_runs_nothing_and_the_other_way_round(diamond: Workspace) -> None:
    assert run().message == "7 ran"
    assert len(diamond.ran()) == 7
    assert "Data and pipelines are up to date." in diamond.dvc("repro")
    assert len(diamond.ran()) == 7

    diamond.params(datasets={"a": {"n": 1}, "b": {"n": 5}, "c": {"n": 3}})
    diamond.dvc("repro", "--quiet")
    again = run()
    assert again.message == "10 cached"
    assert set(state_names(again).values()) == {"Cached"}


@pytest.mark.usefixtures("diamond")
def test_task_runs_have_the_names_and_the_edges_of_the_graph() -> None:
    runs = task_runs(run())
    parents = {
        name: {
            other.name
            for inputs in each.task_inputs.values()
            for parent in inputs
            for other in runs.values()
            if getattr(parent, "id", None) == other.id
        }
        for name, each in runs.items()
    }
    assert parents == {
        "prepare@a": set(),
        "prepare@b": set(),
        "train@a-x": {"prepare@a"},
        "train@a-y": {"prepare@a"},
        "train@b-x": {"prepare@b"},
        "train@b-y": {"prepare@b"},
        "report": {"train@a-x", "train@a-y", "train@b-x", "train@b-y"},
    }


def test_only_what_changed_runs_and_an_equal_output_stops_the_wave(diamond: Workspace) -> None:
    run()
    diamond.params(datasets={"a": {"n": 1}, "b": {"n": 9}})
    state = run()  # prepare@b writes the same again, so DVC lets nothing below it run
    assert state.message == "1 ran, 6 cached"
    assert diamond.ran()[7:] == ["prepare@b"]


def test_one_dataset_alone(diamond: Workspace) -> None:
    assert run(datasets=["a"]).message == "3 ran"
    assert sorted(diamond.ran()) == ["prepare@a", "train@a-x", "train@a-y"]


def test_force_runs_all_again_without_the_cache(diamond: Workspace) -> None:
    run(datasets=["a"])
    assert run(datasets=["a"], force=True).message == "3 ran"
    assert len(diamond.ran()) == 6


def test_an_unknown_stage_fails_the_flow_and_says_what_there_is(diamond: Workspace) -> None:
    state = run(stages=["tran"])
    assert state.is_failed()
    assert "no stage tran in dvc.yaml; there is prepare, prepare@a" in str(state.message)
    assert diamond.ran() == []


def test_a_failure_leaves_independent_branches_alone_and_is_told(workspace: Workspace) -> None:
    workspace.stages(
        bad=work(write="bad.txt", extra="--exit 65"),
        below=work("bad.txt", "below.txt"),
        good=work(write="good.txt"),
        fine=work("good.txt", "fine.txt"),
    )
    state = run()
    assert state.is_failed()
    message = str(state.message)
    assert message.startswith("2 ran, 1 failed, 1 not run")
    assert "stage bad exited with 65; its last lines:" in message
    assert "  error: this input is no good" in message
    assert state_names(state) == {
        "bad": "Failed",
        "below": "NotReady",
        "good": "Completed",
        "fine": "Completed",
    }


@pytest.mark.parametrize(
    ("extra", "attempts", "message"),
    [
        ("--fail-once {root}/marker", 2, "1 ran"),
        ("--exit 65", 1, "1 failed"),
        ("--exit 3", 3, "1 failed"),
    ],
    ids=["cured by a retry", "bad input is not retried", "no more than the retries"],
)
def test_retries(workspace: Workspace, extra: str, attempts: int, message: str) -> None:
    workspace.stages(
        one={
            **work(write="one.txt", extra=extra.format(root=workspace.root)),
            "meta": {"flow": {"retries": 2, "retry_delay_s": 0.1}},
        }
    )
    assert str(run().message).startswith(message)
    assert workspace.ran() == ["one"] * attempts


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


def stop_after_start(workspace: Workspace, stop: Callable[[], None]) -> None:
    def work() -> None:
        eventually(workspace.ran)
        stop()

    threading.Thread(target=work, daemon=True).start()


def test_a_cancellation_in_the_ui_stops_the_stages(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60"), two=work("one.txt", "two.txt"))

    def cancel() -> None:
        tag = {"tags": {"all_": [records.workspace_tag(workspace.root)]}}
        with get_client(sync_client=True) as client:
            (found,) = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(tag))
            client.set_flow_run_state(found.id, Cancelling())

    stop_after_start(workspace, cancel)
    state = run()
    assert state.is_cancelled()
    assert str(state.message).startswith("cancelled; 2 not run")
    assert not (workspace.root / "dvc.lock").exists()


def test_a_stop_in_the_pause_before_a_retry_is_obeyed_at_once(workspace: Workspace) -> None:
    workspace.stages(
        one={**work(write="one.txt", extra="--exit 3"), "meta": {"flow": {"retries": 1, "retry_delay_s": 100}}}
    )

    def interrupt() -> None:
        time.sleep(3)
        os.kill(os.getpid(), signal.SIGINT)

    stop_after_start(workspace, interrupt)
    began = time.monotonic()
    state = run()
    assert time.monotonic() - began < 40
    assert state.is_cancelled()
    assert workspace.ran() == ["one"]


def test_a_second_run_is_cancelled_and_told_about_the_first(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt"))
    with claim(workspace.root, "first"):
        state = run()
    assert state.is_cancelled()
    assert "run first (process" in str(state.message)
    assert workspace.ran() == []


def test_a_second_run_waits_when_it_is_told_to(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt"))
    workspace.params(flow={"when_busy": "wait"})
    with held_elsewhere(claim(workspace.root, "first")) as release:
        threading.Timer(1.0, release.set).start()
        assert run().message == "1 ran"


def test_a_crashed_run_that_the_server_still_shows_running_is_put_right(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt"))
    with get_client(sync_client=True) as client:
        crashed = client.create_flow_run(pipeline, state=Running(), tags=[records.workspace_tag(workspace.root)])
        elsewhere = client.create_flow_run(pipeline, state=Running(), tags=["another:/workspace"])
        run()
        assert client.read_flow_run(crashed.id).state_name == "Crashed"
        assert client.read_flow_run(elsewhere.id).state_name == "Running"


def test_a_stage_waits_for_its_slot(workspace: Workspace) -> None:
    workspace.params(flow={"jobs": 2, "slots": {"gpu": 1}})
    wants = {"meta": {"flow": {"slots": {"gpu": 1}}}}
    times = "import time; print(time.time())"
    workspace.stages(
        **{
            name: {
                "cmd": f"python -c '{times}' > {name}.txt; sleep 1; python -c '{times}' >> {name}.txt",
                "outs": [f"{name}.txt"],
                **wants,
            }
            for name in ("one", "two")
        }
    )
    assert run().message == "2 ran"
    (first_from, first_to), (second_from, second_to) = sorted(
        [float(line) for line in (workspace.root / f"{name}.txt").read_text().split()] for name in ("one", "two")
    )
    assert first_from < first_to < second_from < second_to


def test_a_stage_that_wants_more_than_there_is_fails_the_flow(workspace: Workspace) -> None:
    workspace.params(flow={"slots": {"gpu": 1}})
    workspace.stages(one={**work(write="one.txt"), "meta": {"flow": {"slots": {"gpu": 2}}}})
    state = run()
    assert state.is_failed()
    assert "stage one could not be run: 2 slots of gpu are wanted; flow.slots.gpu is 1" in str(state.message)


def test_parameters_are_validated_and_explained(workspace: Workspace) -> None:
    del workspace
    schema = json.loads(pipeline.parameters.model_dump_json())["properties"]
    assert set(schema) >= {"datasets", "stages", "force", "jobs"}
    assert all(each["description"] for each in schema.values())
    with pytest.raises(Exception, match="greater than 0"):
        run(jobs=0).result()
