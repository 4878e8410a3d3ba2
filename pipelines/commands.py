"""DVC and git, used through their command lines alone."""

import os
import subprocess
import sys
from pathlib import Path

DVC = (sys.executable, "-m", "dvc", "--wait-for-lock")


class PipelineError(RuntimeError):
    """Something a user can put right; the message says what, where and how."""


def dvc(root: Path, *words: str, otherwise: str | None = None, refused: str | None = None) -> str:
    """Run a DVC command; return what it prints, or, if it fails, what is said here.

    With `refused` among what it complains of it has failed, too, whatever its exit code.
    """
    return _run(root, DVC + words, otherwise, refused)


def git(root: Path, *words: str, otherwise: str | None = None, **variables: str) -> str:
    """Run a git command like `dvc`; what it prints is returned without the end of its last line."""
    return _run(root, ("git", *words), otherwise, **variables).rstrip("\n")


def _run(
    root: Path, command: tuple[str, ...], otherwise: str | None = None, refused: str | None = None, **more: str
) -> str:
    try:
        done = subprocess.run(command, cwd=root, env=os.environ | more, capture_output=True, text=True, check=True)
        if refused and refused in done.stderr:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        if otherwise is not None:
            return otherwise
        shown, said = " ".join(command).removeprefix(f"{sys.executable} -m "), getattr(error, "stderr", "not installed")
        remedy = "; run `git init` here, or `git clone` the project" if "not a git repository" in said else ""
        raise PipelineError(f"`{shown}` in {root} failed: {said.strip()[-2000:]}{remedy}") from error
    return done.stdout
