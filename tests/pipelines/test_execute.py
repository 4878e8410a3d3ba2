"""One stage under its guard: outcomes, failures, stops, and nobody left behind."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipelines import graph
from pipelines.execute import Executor, Outcome, StageFailedError, StageStoppedError
from pipelines.settings import FlowSettings
from pipelines.workspace import end_leftovers

from .conftest import Workspace, work
from .processes import eventually, named, working_in


@pytest.fixture
def executor(workspace: Workspace) -> Iterator[Executor]:
    with Executor(workspace.root, grace_s=1.0) as executor:
        yield executor


def left(workspace: Workspace) -> list[psutil.Process]:
    """Find what runs of a stage; what waits to start the next one may stay."""
    return list(set(working_in(workspace.root)) - set(named("warm-dvc", workspace.root)))


def run(executor: Executor, workspace: Workspace, lines: list[str] | None = None, **options: Any) -> Outcome:
    (stage,) = graph.read(workspace.root, FlowSettings()).values()
    return executor.run(stage, (lines if lines is not None else []).append, **options)


def test_outcomes_are_told_apart_and_output_is_passed_on(executor: Executor, workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt"))
    lines: list[str] = []
    assert run(executor, workspace, lines) is Outcome.RAN
    assert "progress: one 1/4 step, 9.9 step/s, ETA 0:03, loss 0.5" in lines
    assert run(executor, workspace) is Outcome.UNCHANGED
    Path("one.txt").unlink()
    assert run(executor, workspace) is Outcome.RESTORED
    assert run(executor, workspace, force=True) is Outcome.RAN
    assert workspace.ran() == ["one", "one"]


def test_dvc_lock_is_written_as_by_dvc_alone(executor: Executor, workspace: Workspace) -> None:
    awkward = [
        "yes",
        "012",
        "1e-3",
        "12:30:45",
        "2020-01-01",
        "null",
        "~",
        "x: y",
        "# none",
        " a",
        "é",
        "a\n\nb",
        "a" * 200,
    ]
    workspace.params(values=[*awkward, 1e-05, 100000.0, -0.0, float("inf"), None, True, [1, {"b": 2}]])
    workspace.stages(**{name: work(write=f"{name}.txt", params=["values"]) for name in ("one", "two", "three")})
    for stage in graph.read(workspace.root, FlowSettings()).values():
        executor.run(stage, lambda _: None)
    noted = Path("dvc.lock").read_bytes()
    Path("dvc.lock").unlink()
    workspace.dvc("repro", "--force")
    assert Path("dvc.lock").read_bytes() == noted


def test_failure_names_stage_exit_code_and_last_lines(executor: Executor, workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--exit 65"))
    with pytest.raises(StageFailedError, match=r"stage one exited with 65; its last lines:") as caught:
        run(executor, workspace)
    assert caught.value.exit_code == 65
    assert "error: this input is no good" in caught.value.tail


def test_failure_of_dvc_itself_has_no_exit_code_of_the_stage(executor: Executor, workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", read="missing.txt"))
    with pytest.raises(StageFailedError, match=r"missing\.txt") as caught:
        run(executor, workspace)
    assert caught.value.exit_code is None


def test_timeout_stops_a_stubborn_stage_and_its_children(executor: Executor, workspace: Workspace) -> None:
    workspace.stages(
        one={
            **work(write="one.txt", extra="--sleep 60 --child --stubborn"),
            "meta": {"flow": {"timeout_s": 2}},
        }
    )
    began = time.monotonic()
    with pytest.raises(StageFailedError, match="stage one took longer than its timeout of 2 s"):
        run(executor, workspace)
    assert time.monotonic() - began < 30
    assert left(workspace) == []
    assert not (workspace.root / "dvc.lock").exists()


def test_stop_ends_the_stage_and_refuses_the_next(executor: Executor, workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60 --child"))

    def stop() -> None:
        eventually(workspace.ran)
        executor.stop("enough")

    threading.Timer(0, stop).start()
    with pytest.raises(StageStoppedError, match="stage one was stopped: enough"):
        run(executor, workspace)
    assert left(workspace) == []
    with pytest.raises(StageStoppedError, match="stage one was not begun: enough"):
        run(executor, workspace)


@pytest.mark.parametrize("victim", ["guard", "dvc", "work.py"])
def test_nobody_outlives_a_killed_process(executor: Executor, workspace: Workspace, victim: str) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60 --child"))

    def kill() -> None:
        eventually(workspace.ran)
        eventually(lambda: named("import time; time.sleep(3600)", workspace.root))
        named(victim, workspace.root)[0].kill()

    threading.Timer(0, kill).start()
    with pytest.raises(StageFailedError):
        run(executor, workspace)
    eventually(lambda: left(workspace) == [])


def test_the_next_stage_runs_when_what_starts_dvc_was_killed(executor: Executor, workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt"))
    assert run(executor, workspace) is Outcome.RAN
    (starter,) = named("warm-dvc", workspace.root)
    starter.kill()
    eventually(lambda: named("warm-dvc", workspace.root) == [])
    assert run(executor, workspace, force=True) is Outcome.RAN


def test_a_stage_whose_guards_were_all_killed_before_it_is_ended_by_the_next_run(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60"))
    (stage,) = graph.read(workspace.root, FlowSettings()).values()
    owner = os.fork()
    if not owner:
        Executor(workspace.root, grace_s=0.5).run(stage, lambda _: None)
        os._exit(0)
    eventually(workspace.ran)
    (guard,) = named("guard", workspace.root)
    guard.suspend()  # so that nothing below it is stopped before it is killed itself
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    guard.kill()
    eventually(lambda: named("dvc", workspace.root) == [])
    assert named("work.py", workspace.root)
    assert end_leftovers(workspace.root)
    assert left(workspace) == []


def test_nobody_outlives_a_killed_owner(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60 --child --stubborn"))
    (stage,) = graph.read(workspace.root, FlowSettings()).values()
    owner = os.fork()
    if not owner:  # the child owns the stage until it is killed
        Executor(workspace.root, grace_s=0.5).run(stage, lambda _: None)
        os._exit(0)
    eventually(workspace.ran)
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    eventually(lambda: left(workspace) == [])
