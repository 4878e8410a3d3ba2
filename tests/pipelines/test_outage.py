"""The server goes away in mid-run; and the same on PostgreSQL, where it is installed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipelines.server import answers, command
from pipelines.settings import ServerSettings
from tests import servers
from tests.servers import free_port

from .conftest import Workspace, environment, work
from .processes import eventually


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Start PostgreSQL; yield the address Prefect connects to."""
    if servers.POSTGRES is None:
        pytest.skip("PostgreSQL is not installed")
    with servers.postgres() as server:
        yield servers.DATABASE.format(server.port)


@pytest.fixture
def start_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Yield what starts a server of the test's own, again and again at one address."""
    port = free_port()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "0")  # so that the test need not wait for them
    with ExitStack() as stack:

        def start() -> subprocess.Popen[bytes]:
            process = stack.enter_context(
                subprocess.Popen(
                    command(ServerSettings(port=port)),
                    env=environment(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            stack.callback(process.kill)
            eventually(lambda: answers(os.environ["PREFECT_API_URL"]), 60)
            return process

        yield start


def states(workspace: Workspace) -> list[str]:
    """Ask the server, through Prefect's own command line, for the states of all runs, the latest first."""
    code = (
        "from prefect.client.orchestration import get_client\n"
        "with get_client(sync_client=True) as client:\n"
        "    for run in sorted(client.read_flow_runs(), key=lambda run: run.created): print(run.state_name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=workspace.root, env=environment(), capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_server_goes_away_in_mid_run(
    workspace: Workspace, start_server: Callable[[], subprocess.Popen[bytes]]
) -> None:
    workspace.stages(one=work(write="1.txt", extra="--sleep 1"), two=work("1.txt", "2.txt", "--sleep 1"))
    server = start_server()
    with workspace.start("run") as flow:
        eventually(workspace.ran, 30)
        server.kill()
        server.wait()
        output, _ = flow.communicate(timeout=60)
    assert flow.returncode == 3, output
    assert "What the stages made is safe" in output
    assert workspace.ran() == ["one", "two"]
    assert "up to date" in workspace.dvc("status")
    start_server()
    assert workspace.flow("run").returncode == 0
    assert states(workspace) == ["Crashed", "Completed"]


def test_on_postgresql(
    workspace: Workspace,
    postgres: str,
    start_server: Callable[[], subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", postgres)
    workspace.stages(one=work(write="1.txt"), two=work("1.txt", "2.txt"))
    start_server()
    assert workspace.flow("run").returncode == 0
    assert states(workspace) == ["Completed"]
    assert not list(Path(os.environ["PREFECT_HOME"]).glob("*.db"))
