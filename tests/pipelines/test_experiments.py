"""Runs on changed settings become DVC experiments, and leave the workspace as it was."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import experiments
from pipelines.flow import pipeline
from pipelines.settings import SettingsError

from .conftest import Workspace, work


@pytest.fixture
def measured(workspace: Workspace) -> Workspace:
    """Make a committed workspace whose report says what the settings say, in a file outside DVC's cache."""
    workspace.params(steps=10, names=["a"])
    workspace.stages(
        train={**work(write="model.txt"), "params": ["steps"]},
        report={
            "cmd": "grep steps params.yaml | tee report.md > page.html; mkdir -p figures; "
            "touch figures/$(tr -d ' ' < report.md)",
            "meta": {"flow": {"page": "page.html"}},
            "deps": ["model.txt"],
            "params": ["steps"],
            "outs": [{"report.md": {"cache": False}}, {"figures": {"cache": False}}],
        },
    )
    workspace.dvc("repro", "--quiet")
    workspace.git("add", ".")
    workspace.git("commit", "--quiet", "-m", "Run")
    return workspace


def recorded(workspace: Workspace) -> dict[str, Any]:
    """Read from `dvc exp show` which experiment ran with how many steps."""
    shown = json.loads(workspace.dvc("exp", "show", "--json"))
    return {
        experiment["revs"][0]["name"]: experiment["revs"][0]["data"]["params"]["params.yaml"]["data"]["steps"]
        for commit in shown
        for experiment in commit.get("experiments") or ()
    }


def people(workspace: Workspace, experiment: str) -> list[str]:
    """Read who is author and who is committer of an experiment."""
    (saved,) = workspace.git("for-each-ref", "--format=%(objectname)", f"refs/exps/*/*/{experiment}").split()
    return workspace.git("show", "--no-patch", "--format=%an <%ae>%n%cn <%ce>", saved).splitlines()


@pytest.mark.usefixtures("server")
def test_an_overridden_run_is_recorded_and_the_workspace_is_as_before(measured: Workspace) -> None:
    before = (measured.root / "params.yaml").read_text(), measured.lock()
    state = pipeline(overrides=["steps=20"], return_state=True)
    assert state.message == "2 ran"
    assert list(recorded(measured).values()) == [20]
    assert ((measured.root / "params.yaml").read_text(), measured.lock()) == before
    assert [(measured.root / name).read_text() for name in ("report.md", "page.html")] == ["steps: 10\n"] * 2
    assert [file.name for file in (measured.root / "figures").iterdir()] == ["steps:10"]
    assert "up to date" in measured.dvc("status")
    assert measured.git("status", "--porcelain") == ""


@pytest.mark.usefixtures("server")
def test_a_run_on_edited_settings_is_recorded_and_one_on_committed_settings_is_not(
    measured: Workspace,
) -> None:
    (measured.root / "model.txt").unlink()
    assert pipeline(return_state=True).message == "2 cached"
    assert recorded(measured) == {}
    measured.params(steps=30, names=["a"])
    assert pipeline(return_state=True).message == "2 ran"
    assert list(recorded(measured).values()) == [30]
    assert yaml.safe_load((measured.root / "params.yaml").read_text())["steps"] == 30


@pytest.mark.parametrize(
    ("configured", "author"),
    [
        ({}, "pipelines <pipelines@localhost>"),
        ({"user.email": "ada@example.org"}, "pipelines <ada@example.org>"),
        ({"user.email": "ada@example.org", "user.name": "Ada"}, "Ada <ada@example.org>"),
    ],
    ids=["nobody", "no name", "somebody"],
)
def test_an_experiment_is_recorded_whoever_git_knows(
    measured: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, configured: dict[str, str], author: str
) -> None:
    for key in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(key, "/dev/null")
    for key in ("HOME", "XDG_CONFIG_HOME"):  # where DVC's own git looks, whatever those two say
        monkeypatch.setenv(key, str(tmp_path))
    measured.git("config", "--remove-section", "user")
    for key, value in configured.items():
        measured.git("config", key, value)
    measured.params(steps=20, names=["a"])
    measured.dvc("repro", "--quiet")
    experiments.record(measured.root, "late-run")
    assert people(measured, "late-run") == [author, author]


def test_who_the_environment_says_is_the_author_is(measured: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Grace")
    measured.params(steps=20, names=["a"])
    measured.dvc("repro", "--quiet")
    experiments.record(measured.root, "late-run")
    assert people(measured, "late-run") == ["Grace <test@example.org>", "Test <test@example.org>"]


@pytest.mark.parametrize("override", ["stepz=3", "steps=[", "nonsense"])
def test_a_wrong_override_is_refused_and_changes_nothing(measured: Workspace, override: str) -> None:
    before = (measured.root / "params.yaml").read_text()
    with pytest.raises(SettingsError, match="overrides"):
        experiments.apply(measured.root, [override])
    assert (measured.root / "params.yaml").read_text() == before
    assert experiments.undo(measured.root) is None


def test_a_crash_on_changed_settings_is_undone(measured: Workspace) -> None:
    whole = measured.root.with_name("before")
    shutil.copytree(measured.root, whole)
    experiments.apply(measured.root, ["steps=20", "+extra=1"])
    measured.dvc("repro", "--quiet")
    (measured.root / "model.txt").unlink()
    assert experiments.undo(measured.root)
    for name in ("params.yaml", "dvc.lock", "model.txt", "report.md"):
        assert (measured.root / name).read_text() == (whole / name).read_text()
    assert experiments.undo(measured.root) is None
