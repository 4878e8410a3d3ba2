"""One run at a time, and what a crash leaves is mended."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.workspace import OF_WORKSPACE, BusyError, Journal, claim, end_leftovers, heal_rwlock, scratch

from .conftest import Workspace, work
from .processes import eventually, held_elsewhere


@pytest.fixture
def chain(workspace: Workspace) -> Workspace:
    """Make a workspace of three stages that have run."""
    workspace.stages(one=work(write="1.txt"), two=work("1.txt", "2.txt"), three=work("2.txt", "3.txt"))
    workspace.dvc("repro", "--quiet")
    return workspace


def test_second_claim_is_refused_and_names_the_first(workspace: Workspace) -> None:
    with (
        claim(workspace.root, "first"),
        pytest.raises(BusyError, match=rf"run first \(process {os.getpid()}\) is at work in .*workspace since"),
        claim(workspace.root, "second"),
    ):
        pass
    with claim(workspace.root, "third"):
        pass


def test_claim_waits_while_it_is_told_to(workspace: Workspace) -> None:
    with held_elsewhere(claim(workspace.root, "first")) as release:

        def go_on() -> bool:
            release.set()
            return True

        with claim(workspace.root, "second", go_on):
            assert json.loads((scratch(workspace.root) / "lock").read_text())["run"] == "second"


def test_guards_of_a_dead_run_are_waited_for(workspace: Workspace) -> None:
    lock = scratch(workspace.root) / "lock"
    lock.write_text(json.dumps({"run": "dead", "pid": 2**22 + 1, "since": "long ago"}))
    code = "import fcntl, sys, time; fcntl.flock(file := open(sys.argv[1], 'a'), 2); print(1, flush=True); "
    code += "time.sleep(1)"
    with subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE) as guard:
        assert guard.stdout
        guard.stdout.readline()
        with claim(workspace.root, "next"):
            assert not psutil.pid_exists(guard.pid) or guard.wait(1) == 0


def test_what_is_left_of_a_killed_run_is_ended_and_nothing_else(workspace: Workspace) -> None:
    places = [workspace.root, workspace.root, workspace.root / "data"]
    sleepers = [
        subprocess.Popen(["sleep", "600"], env=os.environ | {OF_WORKSPACE: str(place)}, start_new_session=True)
        for place in places
    ]
    try:
        assert end_leftovers(workspace.root) == "2 processes of a run that was killed were still at work: ended them"
        assert end_leftovers(workspace.root) is None
        assert [sleeper.poll() is None for sleeper in sleepers] == [False, False, True]
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


def test_whatever_is_cut_from_dvc_lock_dvc_can_work_again_and_no_stage_is_lost(chain: Workspace) -> None:
    lockfile = chain.root / "dvc.lock"
    whole, entries = lockfile.read_bytes(), chain.lock()

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(whole) - 1))
    def cut(length: int) -> None:
        lockfile.write_bytes(whole)
        Journal(chain.root).open()
        lockfile.write_bytes(whole[:length])
        Journal(chain.root).open()
        assert chain.lock().keys() == entries.keys()
        changed = [name for name in entries if chain.lock()[name] != entries[name]]
        assert len(changed) <= 1, "only the entry that was cut may have changed"
        Journal(chain.root).close()

    cut()


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.5, 0.62, 0.7, 0.85, 0.97])
def test_dvc_reads_a_mended_lock_and_repro_makes_it_whole(chain: Workspace, keep: float) -> None:
    lockfile = chain.root / "dvc.lock"
    whole, entries = lockfile.read_bytes(), chain.lock()
    Journal(chain.root).open()
    lockfile.write_bytes(whole[: int(len(whole) * keep)])
    Journal(chain.root).open()
    chain.dvc("repro", "--quiet")
    assert chain.lock() == entries


@pytest.mark.parametrize("last", ["three:\n    cm", "- path: 2.txt\n", "- path: 2.txt\n      hash: m", "hash: md5\n"])
def test_a_last_entry_that_dvc_cannot_read_is_put_back(chain: Workspace, last: str) -> None:
    lockfile = chain.root / "dvc.lock"
    before, text = chain.lock(), lockfile.read_text()
    journal = Journal(chain.root)
    journal.open()
    lockfile.write_text(text[: text.rindex(last.split("\n", maxsplit=1)[0])] + last)
    assert journal.update() is not None
    assert chain.lock() == before
    assert "up to date" in chain.dvc("status")


def test_stages_that_ended_after_the_copy_are_kept(chain: Workspace) -> None:
    journal = Journal(chain.root)
    entries = chain.lock()
    (chain.root / "dvc.lock").unlink()
    journal.open()
    chain.dvc("repro", "--quiet")
    assert Journal(chain.root).open() is None
    assert chain.lock() == entries


def test_a_lock_shortened_between_runs_is_left_alone(chain: Workspace) -> None:
    journal = Journal(chain.root)
    journal.open()
    journal.close()
    (chain.root / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    assert journal.open() is None
    assert chain.lock() == {}


@pytest.mark.parametrize(
    "content",
    [
        '{"write": {"/x": {"pid": 12',
        '{"write": [], "read": 3}',
        json.dumps({"write": {"one.txt": {"pid": 2**22 + 1, "cmd": "dvc repro"}}, "read": {}}),
        json.dumps({"write": {}, "read": {"work.py": [{"pid": os.getpid(), "cmd": "dvc repro"}]}}),
    ],
    ids=["cut", "wrong", "dead process", "number given to another process"],
)
def test_dvc_works_after_the_table_of_readers_is_healed(workspace: Workspace, content: str) -> None:
    workspace.stages(one=work(write="one.txt"))
    content = content.replace('"one.txt"', json.dumps(str(workspace.root / "one.txt")))
    (workspace.root / ".dvc" / "tmp" / "rwlock").write_text(content)
    assert heal_rwlock(workspace.root)
    assert heal_rwlock(workspace.root) is None
    workspace.dvc("repro", "--quiet")
    assert workspace.lock().keys() == {"one"}


def test_the_table_keeps_a_dvc_that_is_alive(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 3"))
    with subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"], cwd=workspace.root, stdout=subprocess.DEVNULL
    ) as alive:
        eventually(workspace.ran)
        before = Path(".dvc/tmp/rwlock").read_text()
        assert heal_rwlock(workspace.root) is None
        assert Path(".dvc/tmp/rwlock").read_text() == before
        assert str(alive.pid) in before
