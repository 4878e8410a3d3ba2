"""The flow on a real server: what runs, what fails, what stops it, and who waits."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.states import Cancelling, Running

from pipelines.flow import pipeline, workspace_tag
from pipelines.workspace import claim

from .conftest import Workspace, work
from .processes import eventually, held_elsewhere
from .runs import run, task_runs

pytestmark = pytest.mark.usefixtures("server")


def state_names(state: State[Any]) -> dict[str, str | None]:
    return {name: each.state_name for name, each in task_runs(state).items()}


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


def stop_after_start(workspace: Workspace, stop: Callable[[], None]) -> None:
    def work() -> None:
        eventually(workspace.ran)
        stop()

    threading.Thread(target=work, daemon=True).start()


def test_a_cancellation_in_the_ui_stops_the_stages(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60"), two=work("one.txt", "two.txt"))

    def cancel() -> None:
        tag = {"tags": {"all_": [workspace_tag(workspace.root)]}}
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
        crashed = client.create_flow_run(pipeline, state=Running(), tags=[workspace_tag(workspace.root)])
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
