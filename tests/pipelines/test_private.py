"""What `pipelines` knows of DVC beyond its documents is still so: one test for each name in `pipelines.private`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import private
from pipelines.commands import PipelineError, dvc, git

from .conftest import Workspace, work
from .processes import eventually


def said(workspace: Workspace, *words: str) -> list[str]:
    done = workspace.call("repro", "--single-item", *words)
    return (done.stdout + done.stderr).splitlines()


def test_what_dvc_says_of_a_stage(workspace: Workspace) -> None:
    workspace.stages(good=work(write="good.txt"))
    (workspace.root / "raw.txt").write_text("raw")
    workspace.dvc("add", "--quiet", "raw.txt")
    lines = said(workspace, "good")
    assert any(line.startswith(private.RAN[0]) for line in lines)
    assert any(private.ADVICE.match(line) for line in lines)
    (workspace.root / "good.txt").unlink()
    assert any(private.RESTORED in line for line in said(workspace, "good"))
    (workspace.root / "raw.txt").write_text("new")
    assert any(line.startswith(private.RAN[1]) for line in said(workspace, "raw.txt.dvc"))


def test_dvc_lock_has_a_checksum_for_each_file(workspace: Workspace) -> None:
    (workspace.root / "folder").mkdir()
    (workspace.root / "folder" / "a").write_text("a")
    workspace.stages(one=work("folder/a", "one.txt", deps=["folder"]))
    workspace.dvc("repro", "--quiet")
    entry = workspace.lock()["one"]
    assert all(private.CHECKSUMS & file.keys() for file in entry["deps"] + entry["outs"])


def test_dvc_notes_who_reads_and_writes(workspace: Workspace) -> None:
    workspace.stages(one=work(write="one.txt", extra="--sleep 3"))
    with subprocess.Popen([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=workspace.root) as running:
        eventually(workspace.ran)
        table = json.loads((workspace.root / private.READERS).read_text())
        assert table["write"][str(workspace.root / "one.txt")]["pid"] == running.pid


@pytest.mark.parametrize("lock", [private.LOCK, private.READERS_LOCK])
def test_dvc_waits_for_who_holds_its_locks(workspace: Workspace, lock: Path) -> None:
    workspace.stages(one=work(write="one.txt"))
    with private.excluded(workspace.root / lock):
        assert "Unable to acquire lock" in workspace.call("repro").stderr


def test_dvc_queues_changed_settings(workspace: Workspace) -> None:
    workspace.params(steps=1)
    workspace.stages(one={**work(write="one.txt"), "params": ["steps"]})
    workspace.git("add", ".")
    workspace.git("commit", "--quiet", "-m", "Settings")
    dvc(workspace.root, "exp", "run", "--queue", "-S", "steps=2")
    assert git(workspace.root, "show", f"{private.QUEUED}:params.yaml") == "steps: 2"


def test_dvc_has_the_shell_of_the_environment_run_a_stage(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.stages(one=work(write="one.txt"))
    for name, value in private.NO_SHELL.items():
        monkeypatch.setenv(name, value)
    assert workspace.call("repro").returncode
    assert workspace.ran() == []


def test_dvc_succeeds_where_it_could_not_push_its_run_cache_and_says_so(workspace: Workspace, tmp_path: Path) -> None:
    workspace.stages(one=work(write="one.txt"))
    workspace.dvc("repro", "--quiet")
    (store := tmp_path / "store").mkdir()
    workspace.dvc("remote", "add", "--default", "store", str(store))
    (store / "runs").touch()  # where a folder would be
    done = workspace.call("push", "--run-cache", "one")
    assert done.returncode == 0
    assert private.NOT_PUSHED in done.stderr
    with pytest.raises(PipelineError, match=r"push --run-cache one` in .*failed to transfer"):
        dvc(workspace.root, "push", "--run-cache", "one", refused=private.NOT_PUSHED)
    (store / "runs").unlink()
    dvc(workspace.root, "push", "--run-cache", "one", refused=private.NOT_PUSHED)
    assert (store / "runs").is_dir()
