"""A real Prefect server for the session, and real DVC workspaces."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.server import ensure
from pipelines.server import environment as environment_of
from pipelines.settings import ServerSettings
from tests.servers import free_port

REPOSITORY = Path(__file__).resolve().parents[2]


# Prefect reads its settings when it is first imported, which test modules do before any fixture runs.
# Functions registered for the exit run in reverse: Prefect's, then the server's, then this.
_HOME = tempfile.mkdtemp(prefix="prefect-home-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("PREFECT_")]:  # of the session that started this worker
    del os.environ[_name]
_PORT = free_port()
os.environ |= environment_of(Path(_HOME), ServerSettings(port=_PORT)) | {
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "DVC_NO_ANALYTICS": "1",
}


@dataclass(frozen=True)
class Workspace:
    """A DVC workspace whose stages run `work.py`."""

    root: Path

    def stages(self, **stages: dict[str, Any]) -> None:
        """Write dvc.yaml."""
        (self.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))

    def params(self, **params: Any) -> None:
        """Write params.yaml."""
        (self.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    def dvc(self, *words: str) -> str:
        """Run a DVC command that must succeed; return what it prints."""
        return self._run(sys.executable, "-m", "dvc", *words).stdout

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a DVC command, whatever comes of it."""
        command = [sys.executable, "-m", "dvc", *words]
        return subprocess.run(command, cwd=self.root, env=environment(), capture_output=True, text=True, check=False)

    def git(self, *words: str) -> str:
        """Run a git command that must succeed; return what it prints."""
        return self._run("git", *words).stdout

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.root, env=environment(), capture_output=True, text=True, check=True)

    def flow(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m pipelines` to its end."""
        command = [sys.executable, "-m", "pipelines", *words]
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `python -m pipelines` in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines", *words],
            cwd=self.root,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def lock(self) -> dict[str, Any]:
        """Read the stages of dvc.lock."""
        return dict(yaml.safe_load((self.root / "dvc.lock").read_text())["stages"])

    def ran(self) -> list[str]:
        """Tell which stages' commands have run, in order."""
        log = self.root / "ran.txt"
        return log.read_text().split() if log.exists() else []


def environment() -> dict[str, str]:
    """Make an environment with this repository importable, and this interpreter as `python`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PYTHONPATH": str(REPOSITORY), "PATH": path}


def work(read: str = "", write: str = "", extra: str = "", **fields: Any) -> dict[str, Any]:
    """Make a stage that runs `work.py`."""
    return {
        "cmd": f"python work.py --read {read} --write {write} {extra}",
        "deps": ["work.py", *read.split()],
        "outs": write.split(),
        **fields,
    }


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template")
    shutil.copy(Path(__file__).parent / "work.py", root)
    (root / ".gitignore").write_text("/.prefect\n/ran.txt\n")
    workspace = Workspace(root)
    workspace.git("init", "--quiet", "--initial-branch=main")
    workspace.git("config", "user.name", "Test")
    workspace.git("config", "user.email", "test@example.org")
    workspace.dvc("init", "--quiet")
    workspace.dvc("config", "core.analytics", "false")
    workspace.dvc("config", "core.check_update", "false")
    workspace.git("add", ".")
    workspace.git("commit", "--quiet", "-m", "Begin")
    return root


@pytest.fixture
def copy_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Workspace]:
    """Give what copies a workspace that was made once for many tests, for it to be the current folder of this one."""

    def copy(template: Path) -> Workspace:
        root = tmp_path / "workspace"
        shutil.copytree(template, root)
        monkeypatch.chdir(root)
        return Workspace(root)

    return copy


@pytest.fixture
def workspace(_template: Path, copy_of: Callable[[Path], Workspace]) -> Workspace:
    """Make an empty workspace, the current folder of the test."""
    return copy_of(_template)


@pytest.fixture
def diamond(workspace: Workspace) -> Workspace:
    """Make a workspace with two datasets, side by side, and a report over both."""
    workspace.params(datasets={"a": {"n": 1}, "b": {"n": 2}}, flow={"jobs": 2, "stop_grace_s": 2.0})
    workspace.stages(
        prepare={
            "matrix": {"dataset": "${datasets}"},
            **work(write="${item.dataset}.txt"),
            "params": ["datasets.${item.dataset}"],
        },
        train={
            "matrix": {"dataset": "${datasets}", "arm": ["x", "y"]},
            **work("${item.dataset}.txt", "${item.dataset}-${item.arm}.txt"),
        },
        report=work("a-x.txt a-y.txt b-x.txt b-y.txt", "report.md"),
    )
    return workspace


@pytest.fixture(scope="session")
def server() -> str:
    """Have a Prefect server until the session's process ends; return its API address."""
    api_url = os.environ["PREFECT_API_URL"]
    ensure(Path(_HOME), ServerSettings(port=_PORT))
    return api_url
