"""What stops DVC on a machine is told first, with the remedy."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from augment.core.errors import SettingsError
from augment.environment import require_environment


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["dvc", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def test_a_repository_of_the_user_is_fine(project: Path) -> None:
    require_environment(project)


def test_a_folder_that_git_does_not_know_is_told_with_the_remedy(project: Path) -> None:
    (project / ".git").rename(project / "elsewhere")
    with pytest.raises(SettingsError, match=r"not a git repository.*DVC needs git: make .* with `git init`"):
        require_environment(project)
    (project / ".dvc" / "config").write_text("[core]\n    no_scm = true\n")
    require_environment(project)


def test_a_machine_without_git_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr("augment.environment.subprocess.run", missing)
    monkeypatch.setattr("augment.environment._works_without", lambda _: False)
    with pytest.raises(SettingsError, match=r"^git is not installed\. DVC needs git"):
        require_environment(project)


def test_a_repository_of_another_user_is_told_with_the_remedy(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    remedy = re.escape(f"run `git config --global --add safe.directory {project}`")
    with pytest.raises(SettingsError, match=f"belongs to another user.*{remedy}"):
        require_environment(project)


@pytest.mark.parametrize("kept", ["HOME", "USER"])
def test_a_user_whom_the_system_does_not_know_is_told_what_to_set(
    project: Path, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in {"HOME", "USER", "LOGNAME", "LNAME", "USERNAME"} - {kept}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(kept, "/tmp")  # noqa: S108 - nothing is written there
    with pytest.raises(SettingsError, match=rf"no user of number {os.getuid()}.*set USER to any name, and HOME"):
        require_environment(project)
