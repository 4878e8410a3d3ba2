"""The disk fills up; once there is room again, the next run ends like an undisturbed one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import free_port

from .conftest import Workspace, work
from .processes import working_in

KB = 1024


STAGES = {
    "one": work(write="1.txt"),
    "big": {"cmd": "head -c 3000000 /dev/zero > 2.txt", "deps": ["1.txt"], "outs": ["2.txt"]},
    "three": work("2.txt", "3.txt"),
}
"""One of them puts out three megabytes."""


@pytest.fixture(scope="module")
def undisturbed(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the stages with DVC alone, where there is room, and return what dvc.lock must be in the end."""
    workspace = Workspace(tmp_path_factory.mktemp("undisturbed") / "workspace")
    shutil.copytree(_template, workspace.root)
    workspace.stages(**STAGES)
    workspace.dvc("repro", "--quiet")
    return workspace.lock()


@pytest.fixture
def disk(workspace: Workspace) -> Iterator[Workspace]:
    """Make a workspace on a small disk of its own."""
    workspace.stages(**STAGES)
    root = workspace.root.with_name("disk")
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "small-disk", str(root)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"only root can mount a small disk: {mounted.stderr.strip()}")
    shutil.copytree(workspace.root, root, dirs_exist_ok=True)
    yield Workspace(root)
    subprocess.run(["umount", root], check=True)


def fill(root: Path, left: int) -> Path:
    """Fill a disk but for this many bytes; return the file to remove."""
    found = os.statvfs(root)
    ballast = root / ".dvc" / "tmp" / "ballast"
    ballast.write_bytes(bytes(found.f_bavail * found.f_frsize - left))
    return ballast


def run_short_of(disk: Workspace, left: int, undisturbed: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run with little room, see that nothing is broken, then run with plenty of it."""
    ballast = fill(disk.root, left)
    failed = disk.flow("run")
    assert working_in(disk.root) == []
    ballast.unlink()
    again = disk.flow("run")
    assert again.returncode == 0, again.stderr
    assert disk.lock() == undisturbed
    assert "up to date" in disk.dvc("status")
    return failed


@pytest.mark.usefixtures("server")
def test_no_room_for_the_output_of_a_stage(disk: Workspace, undisturbed: dict[str, Any]) -> None:
    failed = run_short_of(disk, 2000 * KB, undisturbed)
    assert failed.returncode == 1
    assert "stage big failed; its last lines:" in failed.stderr
    assert "No space left on device" in failed.stderr
    assert disk.ran() == ["one", "three"], "what had ended before is not run again"


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("left", [0, 12])
def test_no_room_for_the_files_of_dvc_and_of_the_flow(disk: Workspace, undisturbed: dict[str, Any], left: int) -> None:
    failed = run_short_of(disk, left * KB, undisturbed)
    assert failed.returncode in {1, 2, 65}
    assert "No space left on device" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert left > 4 or any(line.startswith("error: ") for line in failed.stderr.splitlines())


def test_no_room_for_the_database(
    disk: Workspace, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL")
    monkeypatch.delenv("PREFECT_HOME")
    disk.params(flow={"server": {"port": free_port()}})
    failed = run_short_of(disk, 1000 * KB, undisturbed)
    assert failed.returncode == 65
    assert "error: the Prefect server did not start" in failed.stderr
    assert "MiB left on its disk" in failed.stderr
