"""One stage under its guard: outcomes, failures, stops, and nobody left behind."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from pipelines import graph
from pipelines.tasks import ABSENT, RAN, RESTORED, UNCHANGED, StageError, Stop, run
from pipelines.workspace import mend

from .conftest import Workspace, work
from .processes import eventually, named, working_in


@pytest.fixture
def stop() -> Stop:
    return Stop(grace_s=1.0)


def run_one(workspace: Workspace, stop: Stop, lines: list[str] | None = None, force: bool = False) -> str:
    (stage,) = graph.read(workspace.root).values()
    words = ["--force"] if force else []
    return run(stage, workspace.root, stop, (lines if lines is not None else []).append, words)


def test_outcomes_are_told_apart_and_output_is_passed_on(workspace: Workspace, stop: Stop) -> None:
    workspace.stages(one=work(write="one.txt"))
    lines: list[str] = []
    assert run_one(workspace, stop, lines) == RAN
    assert "progress: one 1/4 step, 9.9 step/s, ETA 0:03, loss 0.5" in lines
    assert not any("git add" in line for line in lines)
    assert run_one(workspace, stop) == UNCHANGED
    Path("one.txt").unlink()
    assert run_one(workspace, stop) == RESTORED
    assert run_one(workspace, stop, force=True) == RAN
    assert workspace.ran() == ["one", "one"]


def test_to_restore_is_to_run_nothing(workspace: Workspace, stop: Stop) -> None:
    workspace.stages(one=work(write="one.txt"))
    (stage,) = graph.read(workspace.root).values()

    def restore() -> str:
        return run(stage, workspace.root, stop, lambda _: None, restore=True)

    assert restore() == ABSENT
    assert workspace.ran() == []
    assert run_one(workspace, stop) == RAN
    assert restore() == UNCHANGED
    (workspace.root / "one.txt").unlink()
    (workspace.root / "dvc.lock").unlink()
    assert restore() == RESTORED
    workspace.stages(one=work(write="one.txt", read="missing.txt"))
    with pytest.raises(StageError, match=r"^failed; its last lines:"):
        restore()


def test_failure_tells_exit_code_and_last_lines(workspace: Workspace, stop: Stop) -> None:
    workspace.stages(one=work(write="one.txt", extra="--exit 65"))
    with pytest.raises(
        StageError, match=r"(?s)^failed; its last lines:\n.*  error: this input is no good\n.*exited with 65"
    ):
        run_one(workspace, stop)


def test_failure_of_dvc_itself_is_told_in_its_words(workspace: Workspace, stop: Stop) -> None:
    workspace.stages(one=work(write="one.txt", read="missing.txt"))
    with pytest.raises(StageError, match=r"(?s)^failed; its last lines:.*missing\.txt"):
        run_one(workspace, stop)


def test_timeout_stops_a_stubborn_stage_and_its_children(workspace: Workspace, stop: Stop) -> None:
    workspace.stages(
        one={
            **work(write="one.txt", extra="--sleep 60 --child --stubborn"),
            "meta": {"flow": {"timeout_s": 2}},
        }
    )
    began = time.monotonic()
    with pytest.raises(StageError, match=r"^took longer than its timeout of 2 s and was stopped"):
        run_one(workspace, stop)
    assert time.monotonic() - began < 30
    assert working_in(workspace.root) == []
    assert not (workspace.root / "dvc.lock").exists()


def test_stop_ends_the_stage_and_refuses_the_next(workspace: Workspace, stop: Stop) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60 --child"))

    def enough() -> None:
        eventually(workspace.ran, 60)
        stop.now("enough")

    threading.Timer(0, enough).start()
    with pytest.raises(StageError, match=r"^was stopped: enough$"):
        run_one(workspace, stop)
    assert working_in(workspace.root) == []
    with pytest.raises(StageError, match=r"^was not begun: enough$"):
        run_one(workspace, stop)


def test_a_second_stop_kills_a_stubborn_stage_at_once(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60 --child --stubborn"))
    stop = Stop(grace_s=60.0)

    def enough() -> None:
        eventually(lambda: named("import time; time.sleep(3600)", workspace.root))
        stop.now("enough")
        stop.now("I said enough")

    threading.Timer(0, enough).start()
    began = time.monotonic()
    with pytest.raises(StageError, match=r"^was stopped: enough$"):
        run_one(workspace, stop)
    assert time.monotonic() - began < 30
    eventually(lambda: working_in(workspace.root) == [])


@pytest.mark.parametrize("victim", ["guard.py", "dvc", "work.py"])
def test_nobody_outlives_a_killed_process(workspace: Workspace, stop: Stop, victim: str) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60 --child"))

    def kill() -> None:
        eventually(workspace.ran, 60)
        eventually(lambda: named("import time; time.sleep(3600)", workspace.root))
        named(victim, workspace.root)[0].kill()

    threading.Timer(0, kill).start()
    with pytest.raises(StageError, match=r"^failed"):
        run_one(workspace, stop)
    eventually(lambda: working_in(workspace.root) == [])


def test_a_stage_whose_guards_were_all_killed_before_it_is_ended_by_the_next_run(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60"))
    (stage,) = graph.read(workspace.root).values()
    owner = os.fork()
    if not owner:
        run(stage, workspace.root, Stop(0.5), lambda _: None)
        os._exit(0)
    eventually(workspace.ran, 60)
    (guard,) = named("guard.py", workspace.root)
    guard.suspend()  # so that nothing below it is stopped before it is killed itself
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    guard.kill()
    eventually(lambda: named("dvc", workspace.root) == [])
    assert named("work.py", workspace.root)
    assert "of a run that was killed were still at work: ended them" in mend(workspace.root)[0]
    assert working_in(workspace.root) == []


def test_nobody_outlives_a_killed_owner(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 60 --child --stubborn"))
    (stage,) = graph.read(workspace.root).values()
    owner = os.fork()
    if not owner:  # the child owns the stage until it is killed
        run(stage, workspace.root, Stop(0.5), lambda _: None)
        os._exit(0)
    eventually(workspace.ran, 60)
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    eventually(lambda: working_in(workspace.root) == [])
