"""The flow on a real server: what runs, what fails, what stops it, and who waits."""

import json
import os
import signal
import threading
from collections import Counter
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, TaskRun, TaskRunResult
from prefect.states import Running

from pipelines.flow import pipeline, workspace_tag
from pipelines.workspace import claim

from .conftest import Workspace, work
from .processes import eventually
from .runs import run, task_runs

pytestmark = pytest.mark.usefixtures("server")


def state_names(state: State[Any]) -> dict[str, str | None]:
    return {name: each.state_name for name, each in task_runs(state).items()}


def test_after_the_flow_repro_runs_nothing_and_the_other_way_round(diamond: Workspace) -> None:
    state = run()
    assert state.message == "7 ran"
    assert edges(task_runs(state)) == {
        "prepare@a": set(),
        "prepare@b": set(),
        "train@a-x": {"prepare@a"},
        "train@a-y": {"prepare@a"},
        "train@b-x": {"prepare@b"},
        "train@b-y": {"prepare@b"},
        "report": {"train@a-x", "train@a-y", "train@b-x", "train@b-y"},
    }
    assert len(diamond.ran()) == 7
    assert "Data and pipelines are up to date." in diamond.dvc("repro")
    assert len(diamond.ran()) == 7

    diamond.params(datasets={"a": {"n": 1}, "b": {"n": 5}, "c": {"n": 3}})
    diamond.dvc("repro", "--quiet")
    again = run()
    assert again.message == "10 cached"

    diamond.params(datasets={"a": {"n": 1}, "b": {"n": 9}, "c": {"n": 3}})
    ran = diamond.ran()
    state = run()  # prepare@b writes the same again, so DVC lets nothing below it run
    assert state.message == "1 ran, 9 cached"
    below = {"train@b-x": "Cached", "train@b-y": "Cached", "report": "Cached"}
    assert state_names(state) == {"prepare@b": "Completed"} | below, "what is up to date is no task"
    assert diamond.ran()[len(ran) :] == ["prepare@b"]


def edges(runs: dict[str, TaskRun]) -> dict[str, set[str]]:
    """Read which task runs each one waited for."""
    name_of = {each.id: each.name for each in runs.values()}
    inputs = {name: [parent for some in each.task_inputs.values() for parent in some] for name, each in runs.items()}
    return {
        name: {name_of[parent.id] for parent in parents if isinstance(parent, TaskRunResult)}
        for name, parents in inputs.items()
    }


def test_one_dataset_alone_and_force(diamond: Workspace) -> None:
    assert run(datasets=["a"]).message == "3 ran"
    assert sorted(diamond.ran()) == ["prepare@a", "train@a-x", "train@a-y"]
    assert run(stages=["prepare@a"], force=True).message == "1 ran", "although it is in the cache"
    assert len(diamond.ran()) == 4


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
    assert "stage bad failed; its last lines:" in message
    assert "  error: this input is no good" in message
    assert state_names(state) == {
        "bad": "Failed",
        "below": "NotReady",
        "good": "Completed",
        "fine": "Completed",
    }


def test_retries(workspace: Workspace) -> None:
    retries = {"meta": {"flow": {"retries": 2}}}
    workspace.stages(
        cured={**work(write="cured.txt", extra=f"--fail-once {workspace.root}/marker"), **retries},
        hopeless={**work(write="hopeless.txt", extra="--exit 3"), **retries},
    )
    assert str(run().message).startswith("1 ran, 1 failed")
    assert Counter(workspace.ran()) == {"cured": 2, "hopeless": 3}


def test_a_signal_stops_the_stages_and_nothing_is_retried(workspace: Workspace) -> None:
    workspace.stages(
        one={**work(write="one.txt", extra="--sleep 60"), "meta": {"flow": {"retries": 5}}},
        two=work("one.txt", "two.txt"),
    )

    def interrupt() -> None:
        eventually(workspace.ran, 60)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=interrupt, daemon=True).start()
    state = run()
    assert state.is_cancelled()
    assert state.message == "stopped by SIGTERM; 2 not run; the next run continues from here"
    assert workspace.ran() == ["one"]
    assert not (workspace.root / "dvc.lock").exists()


def test_a_second_run_is_cancelled_and_told_about_the_first(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt"))
    with claim(workspace.root, "first"):
        state = run()
    assert state.is_cancelled()
    assert "run first (process" in str(state.message)
    assert workspace.ran() == []


def test_a_crashed_run_that_the_server_still_shows_running_is_put_right(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt"))
    with get_client(sync_client=True) as client:
        crashed = client.create_flow_run(pipeline, state=Running(), tags=[workspace_tag(workspace.root)])
        elsewhere = client.create_flow_run(pipeline, state=Running(), tags=["another:/workspace"])
        run()
        assert client.read_flow_run(crashed.id).state_name == "Crashed"
        assert client.read_flow_run(elsewhere.id).state_name == "Running"


def test_stages_of_one_tag_keep_to_its_limit(workspace: Workspace) -> None:
    with get_client(sync_client=True) as client:
        client.create_concurrency_limit("gpu", 1)
    times = "import time; print(time.time())"
    workspace.stages(
        **{
            name: {
                "cmd": f"python -c '{times}' > {name}.txt; sleep 1; python -c '{times}' >> {name}.txt",
                "outs": [f"{name}.txt"],
                "meta": {"flow": {"tags": ["gpu"]}},
            }
            for name in ("one", "two")
        }
    )
    state = run(jobs=2)
    assert state.message == "2 ran"
    assert task_runs(state)["one"].tags == ["gpu"]
    (first_from, first_to), (second_from, second_to) = sorted(
        [float(line) for line in (workspace.root / f"{name}.txt").read_text().split()] for name in ("one", "two")
    )
    assert first_from < first_to < second_from < second_to


def test_parameters_are_validated_and_explained(workspace: Workspace) -> None:
    del workspace
    schema = json.loads(pipeline.parameters.model_dump_json())["properties"]
    assert set(schema) >= {"datasets", "stages", "force", "jobs"}
    assert all(each["description"] for each in schema.values())
    with pytest.raises(Exception, match="greater than 0"):
        run(jobs=0).result()
