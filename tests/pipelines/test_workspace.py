"""One run at a time, and what a crash leaves is mended."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.__main__ import main
from pipelines.workspace import AT_WORK_IN, BusyError, claim, mend, mend_lock, mend_readers, run_folder

from .conftest import Workspace, work
from .processes import eventually


@pytest.fixture(scope="module")
def _chain(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace(tmp_path_factory.mktemp("chain") / "workspace")
    shutil.copytree(_template, workspace.root)
    workspace.stages(one=work(write="1.txt"), two=work("1.txt", "2.txt"), three=work("2.txt", "3.txt"))
    workspace.dvc("repro", "--quiet", "two")
    workspace.git("add", ".")
    workspace.git("commit", "--quiet", "-m", "Two of three")
    workspace.dvc("repro", "--quiet")
    return workspace.root


@pytest.fixture
def chain(_chain: Path, copy_of: Callable[[Path], Workspace]) -> Workspace:
    """Make a workspace of three stages, all run, of which two had run before the last commit."""
    return copy_of(_chain)


def test_second_claim_is_refused_and_names_the_first(workspace: Workspace) -> None:
    with (
        claim(workspace.root, "first"),
        pytest.raises(BusyError, match=rf"run first \(process {os.getpid()}\) is at work in .*workspace since"),
        claim(workspace.root, "second"),
    ):
        pass
    with claim(workspace.root, "third"):
        pass


def test_guards_of_a_dead_run_are_waited_for(workspace: Workspace) -> None:
    lock = run_folder(workspace.root) / "lock"
    lock.write_text(json.dumps(["dead", 2**22 + 1, "long ago"]))
    code = "import fcntl, sys, time; fcntl.flock(file := open(sys.argv[1], 'a'), 2); print(1, flush=True); "
    code += "time.sleep(1)"
    with subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE) as guard:
        assert guard.stdout
        guard.stdout.readline()
        with claim(workspace.root, "next"):
            assert not psutil.pid_exists(guard.pid) or guard.wait(1) == 0


def test_what_is_left_of_a_killed_run_is_ended_and_nothing_else(workspace: Workspace) -> None:
    places = [workspace.root, workspace.root / ".dvc" / "tmp" / "flow" / "copy" / "sub", workspace.root / "data"]
    sleepers = [
        subprocess.Popen(["sleep", "600"], env=os.environ | {AT_WORK_IN: str(place)}, start_new_session=True)
        for place in places
    ]
    try:
        assert mend(workspace.root) == ["2 processes of a run that was killed were still at work: ended them"]
        assert mend(workspace.root) == []
        assert [sleeper.poll() is None for sleeper in sleepers] == [False, False, True]
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


def test_wherever_dvc_lock_is_cut_dvc_can_work_again(chain: Workspace) -> None:
    lockfile, whole, entries = chain.root / "dvc.lock", (chain.root / "dvc.lock").read_bytes(), chain.lock()

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @example(0)  # killed before a word was written
    @given(st.integers(0, len(whole) - 1))
    def cut(length: int) -> None:
        lockfile.write_bytes(whole[:length])
        mended = mend_lock(chain.root)
        left = chain.lock()
        assert left.keys() == {"one", "two"} if mended else lockfile.read_bytes() == whole[:length]
        assert sum(entries[name] != entry for name, entry in left.items()) <= 1, "only what was cut may have changed"
        assert mend_lock(chain.root) == ""

    cut()


@pytest.mark.parametrize(
    ("keep", "last"), [(0.3, ""), (0.62, "\n    cm"), (0.97, "\n    - path: 2.txt\n      hash: m")]
)
def test_after_mending_repro_makes_dvc_lock_whole_and_runs_nothing(chain: Workspace, keep: float, last: str) -> None:
    entries, text, ran = chain.lock(), (chain.root / "dvc.lock").read_text(), chain.ran()
    (chain.root / "dvc.lock").write_text(text[: int(len(text) * keep)].rpartition("\n")[0] + last)
    mend_lock(chain.root)
    chain.dvc("repro", "--quiet")
    assert chain.lock() == entries
    assert chain.ran() == ran, "all outputs came from the cache"


def test_without_a_commit_a_broken_dvc_lock_begins_anew(workspace: Workspace) -> None:
    (workspace.root / "dvc.lock").write_text("schema: '2")
    assert mend_lock(workspace.root)
    assert workspace.lock() == {}


def test_a_dvc_lock_whose_merge_the_user_has_to_end_is_left_alone(chain: Workspace) -> None:
    conflict = "stages:\n<<<<<<< HEAD\n  one:\n    cmd: a\n=======\n"
    (chain.root / "dvc.lock").write_text(conflict)
    assert mend_lock(chain.root) == ""
    assert (chain.root / "dvc.lock").read_text() == conflict


def test_mending_is_a_command_for_those_who_run_dvc_alone(chain: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (chain.root / "dvc.lock").write_text("schema: '2")
    (chain.root / ".dvc" / "tmp" / "rwlock").write_text('{"write')
    assert main(["mend"]) == 0
    assert [line.split(": ")[1].split()[0] for line in capsys.readouterr().out.splitlines()] == ["DVC's", "dvc.lock"]
    assert main(["mend"]) == 0
    assert capsys.readouterr().out == ""
    with claim(chain.root, "first"):
        assert main(["mend"]) == 65


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
def test_dvc_works_after_the_table_of_readers_is_mended(workspace: Workspace, content: str) -> None:
    workspace.stages(one=work(write="one.txt"))
    content = content.replace('"one.txt"', json.dumps(str(workspace.root / "one.txt")))
    (workspace.root / ".dvc" / "tmp" / "rwlock").write_text(content)
    assert mend_readers(workspace.root)
    assert mend_readers(workspace.root) == ""
    workspace.dvc("repro", "--quiet")
    assert workspace.lock().keys() == {"one"}


def test_the_table_keeps_a_dvc_that_is_alive(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 3"))
    with subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"], cwd=workspace.root, stdout=subprocess.DEVNULL
    ) as alive:
        eventually(workspace.ran)
        before = Path(".dvc/tmp/rwlock").read_text()
        assert mend_readers(workspace.root) == ""
        assert Path(".dvc/tmp/rwlock").read_text() == before
        assert str(alive.pid) in before
