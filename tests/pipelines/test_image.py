"""The image for workers: its Dockerfile is read by a linter, its entry point is run without a container."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import REPOSITORY, Workspace

ENTRY = REPOSITORY / "pipelines" / "container.sh"


def test_the_dockerfile_is_sound() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, REPOSITORY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (\S+) ", (REPOSITORY / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(copied)
    assert all((REPOSITORY / name).is_file() for name in copied)


def enter(tmp_path: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | more
    command = ["sh", str(ENTRY), *words]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)


def test_a_container_works_in_a_clone_that_it_makes_unless_it_is_there(workspace: Workspace, tmp_path: Path) -> None:
    clone = tmp_path / "a clone"
    known = {"PIPELINE_GIT": str(workspace.root), "PIPELINE_WORKSPACE": str(clone)}
    assert enter(tmp_path, "pwd", **known).stdout == f"{clone}\n"
    assert (clone / "work.py").is_file()
    assert enter(tmp_path, "git", "remote", "get-url", "origin", **known).stdout == f"{workspace.root}\n"
    (clone / "kept").touch()
    assert "kept" in enter(tmp_path, "ls", **known).stdout
    assert enter(tmp_path, "sh", "-c", "exit 7", **known).returncode == 7


def test_a_container_that_does_not_know_the_repository_says_what_is_missing(tmp_path: Path) -> None:
    done = enter(tmp_path, "pwd", PIPELINE_WORKSPACE=str(tmp_path / "clone"))
    assert done.returncode != 0
    assert "PIPELINE_GIT: is not set; expected the address of the git repository" in done.stderr


@pytest.mark.parametrize(("kind", "column"), [("docker", 1), ("kubernetes", 2)])
def test_prefects_templates_have_what_the_document_fills_in(
    workspace: Workspace, server: str, kind: str, column: int
) -> None:
    del server
    asked = workspace.flow("prefect", "work-pool", "get-default-base-job-template", "--type", kind)
    known = json.loads(asked.stdout)["variables"]["properties"]
    text = (REPOSITORY / "docs" / "remotes.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", text, flags=re.MULTILINE)
    assert rows
    assert {row[0] for row in rows if row[column] != "–"} - known.keys() == set()
