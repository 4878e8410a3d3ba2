"""The server lets nobody in but its own project, whatever a web page or another machine sends."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError

import httpx
import pytest
from prefect.client.orchestration import get_client

from pipelines import server as server_module
from pipelines.__main__ import main
from pipelines.commands import PipelineError
from pipelines.server import answers, credential, ensure, environment
from pipelines.settings import ServerSettings
from tests.servers import free_port

from .conftest import Workspace

FOREIGN = {"Origin": "http://evil.example"}
PASSWORDS = ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING")


def ask(url: str, headers: dict[str, str], body: object = None, method: str | None = None) -> tuple[int, Message]:
    """Send a request as a web page would; return the answer's status and headers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the session's own server
            return answer.status, answer.headers
    except HTTPError as error:
        return error.code, error.headers


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the session has set for its own server."""
    for name in ("PREFECT_HOME", "PREFECT_API_URL", "PREFECT_SERVER_CORS_ALLOWED_ORIGINS", *PASSWORDS):
        monkeypatch.delenv(name)


def test_a_web_page_starts_no_run(server: str) -> None:
    with get_client(sync_client=True) as client:
        flow_id = str(client.create_flow_from_name("pipeline"))
        before = client.read_flow_runs()
        body = {"flow_id": flow_id, "state": {"type": "SCHEDULED"}, "parameters": {"overrides": ["++a=b"]}}
        status, headers = ask(f"{server}/flow_runs/", FOREIGN, body)
        assert status == 401
        assert "Access-Control-Allow-Origin" not in headers
        for wrong in ("", "pipelines:", "pipelines:guess"):
            assert ask(f"{server}/flow_runs/", {"Authorization": f"Basic {wrong}"}, body)[0] == 401
        assert [each.id for each in client.read_flow_runs()] == [each.id for each in before]


PAGE = """<pre id="told"></pre><script>(async () => {
  for (const options of [{headers: {"Content-Type": "application/json"}}, {mode: "no-cors"}])
    try { const answer = await fetch("SERVER/flow_runs/", {method: "POST", body: "BODY", ...options});
          told.textContent += `${answer.type} ${answer.status};` }
    catch (error) { told.textContent += `${error};` }
  told.textContent += "done" })()</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_page_in_a_browser_starts_no_run_and_reads_nothing(server: str, tmp_path: Path) -> None:
    with get_client(sync_client=True) as client:
        body = json.dumps({"flow_id": str(client.create_flow_from_name("pipeline"))}).replace('"', '\\"')
        before = client.read_flow_runs()
        (tmp_path / "page.html").write_text(PAGE.replace("SERVER", server).replace("BODY", body))
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        command += ["--disable-background-networking", "--virtual-time-budget=10000", "--dump-dom"]
        page = (tmp_path / "page.html").as_uri()
        shown = subprocess.run([*command, page], capture_output=True, text=True, timeout=60, check=True).stdout
        assert "TypeError: Failed to fetch;opaque 0;done" in shown
        assert [each.id for each in client.read_flow_runs()] == [each.id for each in before]


def test_a_browser_is_told_that_no_foreign_page_may_ask(server: str) -> None:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    _, refused = ask(f"{server}/flow_runs/", FOREIGN | wanted, method="OPTIONS")
    assert "Access-Control-Allow-Origin" not in refused
    for name in ("127.0.0.1", "localhost"):
        own = f"http://{name}:{server.split(':')[2].removesuffix('/api')}"
        status, allowed = ask(f"{server}/flow_runs/", {"Origin": own} | wanted, method="OPTIONS")
        assert (status, allowed["Access-Control-Allow-Origin"]) == (200, own)


def test_a_foreign_name_that_leads_here_is_refused(server: str) -> None:
    assert ask(f"{server}/health", {"Host": "evil.example:4200"})[0] == 400
    assert ask(f"{server}/health", {"Host": "localhost:1"})[0] == 200


def test_who_has_the_password_is_answered(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answers(server, "version")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "pipelines:another")
    assert answers(server)
    assert not answers(server, "version")


def test_a_project_that_finds_the_server_of_another_says_so(
    server: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "pipelines:another")
    port = int(server.split(":")[2].removesuffix("/api"))
    with pytest.raises(
        PipelineError, match=r"does not take this project's password.*flow\.server\.port in params\.yaml"
    ):
        ensure(workspace.root, ServerSettings(port=port))


@pytest.mark.usefixtures("nothing_set")
def test_a_password_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    made = environment(tmp_path, ServerSettings())
    assert {made[name] for name in PASSWORDS} == {credential(tmp_path)}
    assert len(credential(tmp_path)) > 40
    folder = tmp_path / ".prefect"
    assert (folder.stat().st_mode & 0o777, (folder / "credential").stat().st_mode & 0o777) == (0o700, 0o600)
    folder.chmod(0o755)
    (folder / "credential").chmod(0o644)
    assert environment(tmp_path, ServerSettings()) == made
    assert (folder.stat().st_mode & 0o777, (folder / "credential").stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.usefixtures("nothing_set")
def test_the_users_own_password_wins_and_none_of_ours_goes_to_a_server_of_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    made = environment(tmp_path, ServerSettings(host="192.0.2.1"))
    assert [made[name] for name in PASSWORDS] == ["ada:secret"] * 2
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "")
    assert environment(tmp_path, ServerSettings())[PASSWORDS[0]] == credential(tmp_path), "no server without one"
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere:4200/api")
    assert "PREFECT_API_AUTH_STRING" not in environment(tmp_path, ServerSettings())


@pytest.mark.parametrize("shown", ["pipelines:", "your PREFECT_SERVER_API_AUTH_STRING"])
@pytest.mark.usefixtures("nothing_set")
def test_the_server_tells_how_to_log_in(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shown: str
) -> None:
    workspace.params(flow={"server": {"port": (port := free_port())}})
    if shown.startswith("your"):
        monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    started: list[list[str]] = []

    def execv(_: str, words: list[str]) -> None:
        started.append(words)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "execv", execv)
    assert main(["server"]) == 130
    said = capsys.readouterr().out
    assert said.startswith(f"Open http://127.0.0.1:{port} and log in, once, with {shown}")
    assert "ada:secret" not in said
    assert started[0][-2:] == ["127.0.0.1", str(port)]


@pytest.mark.usefixtures("nothing_set")
def test_a_server_that_does_not_start_names_the_setting(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    where = ServerSettings(port=free_port())
    for name, value in environment(workspace.root, where).items():
        monkeypatch.setenv(name, value)
    words = [sys.executable, "-c", "raise SystemExit('address already in use')"]
    monkeypatch.setattr(server_module, "command", lambda _: words)
    with pytest.raises(PipelineError, match=r"(?s)not start .*\(flow\.server in params\.yaml\).* already in use"):
        ensure(workspace.root, where)


def test_loopback_needs_no_proxy(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "example.org")
    with pytest.raises(httpx.ConnectError):  # what Prefect's client asks with
        httpx.get(f"{server}/health")
    for name in ("no_proxy", "NO_PROXY"):
        made = environment(tmp_path, ServerSettings())[name]
        assert made == "example.org,127.0.0.1,localhost,::1"
        monkeypatch.setenv(name, made)
    assert httpx.get(f"{server}/health").status_code == 200
    assert environment(tmp_path, ServerSettings())["no_proxy"] == made
