"""The command line: what it refuses, and how it says so."""

import json
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.server import environment
from pipelines.settings import ServerSettings

from .conftest import Workspace, work


def test_outside_a_dvc_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run"]) == 65
    assert capsys.readouterr().err == f"error: {tmp_path} is not the root of a DVC workspace: it has no folder .dvc\n"


def test_without_git_dvcs_own_message_is_told_with_the_remedy(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace.root / ".git").rename(workspace.root / "elsewhere")
    assert main(["plan"]) == 65
    told = f"ERROR: {workspace.root} is not a git repository; run `git init` here, or `git clone` the project\n"
    assert capsys.readouterr().err.endswith(told)
    workspace.stages(one=work(write="one.txt"))
    (workspace.root / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    assert main(["plan"]) == 0


def test_wrong_settings(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    workspace.params(flow={"job": 2})
    assert main(["run"]) == 65
    assert "error: params.yaml: flow.job: unknown key, expected one of jobs, cron," in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "api_url"),
    [
        ("0.0.0.0", "http://127.0.0.1:4300/api"),  # noqa: S104 - nothing listens there
        ("::", "http://[::1]:4300/api"),
        ("::1", "http://[::1]:4300/api"),
        ("2001:db8::7", "http://[2001:db8::7]:4300/api"),
        ("localhost", "http://localhost:4300/api"),
    ],
)
def test_a_server_is_asked_where_it_can_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, api_url: str
) -> None:
    monkeypatch.delenv("PREFECT_API_URL")
    assert environment(tmp_path, ServerSettings(host=host, port=4300))["PREFECT_API_URL"] == api_url


def test_the_database_is_the_projects_own_unless_the_user_says_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PREFECT_HOME", "PREFECT_API_URL"):
        monkeypatch.delenv(name)
    made = environment(tmp_path, ServerSettings(port=4300))
    assert made["PREFECT_HOME"] == str(tmp_path / ".prefect")
    assert made["PREFECT_API_URL"] == "http://127.0.0.1:4300/api"
    monkeypatch.setenv("PREFECT_API_URL", "http://elsewhere:4200/api")
    assert environment(tmp_path, ServerSettings())["PREFECT_API_URL"] == "http://elsewhere:4200/api"


def test_the_plan_is_printed_as_json(diamond: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    diamond.dvc("repro", "--quiet", "train@a-x")
    assert main(["plan"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {name for name, each in told.items() if not each["stale"]} == {"prepare@a", "train@a-x"}
    assert told["train@b-y"] == {
        "stale": True,
        "parents": ["prepare@b"],
        "axes": {"dataset": "b", "arm": "y"},
        "command": "python work.py --read ${item.dataset}.txt --write ${item.dataset}-${item.arm}.txt ",
    }
    assert list(told).index("prepare@b") < list(told).index("train@b-y"), "parents first"


def test_the_plan_of_one_dataset_names_its_stages_alone(diamond: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    diamond.dvc("repro", "--quiet", "train@a-x")
    assert main(["plan", "--dataset", "a"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {name: each["stale"] for name, each in told.items()} == {
        "prepare@a": False,
        "train@a-x": False,
        "train@a-y": True,
    }
    assert main(["plan", "--stage", "train@b-x"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["prepare@b", "train@b-x"]
