"""DVC and git, used through their command lines alone."""

import os
import subprocess
import sys
from pathlib import Path

DVC = (sys.executable, "-m", "dvc", "--wait-for-lock")


class PipelineError(RuntimeError):
    """Something a user can put right; the message says what, where and how."""


def dvc(root: Path, *words: str) -> str:
    """Run a DVC command that must succeed; return what it prints."""
    return _run(root, *DVC, *words)


def git(root: Path, *words: str, otherwise: str | None = None, **variables: str) -> str:
    """Run a git command; return what it prints, without the end of its last line, or, if it fails, what is said."""
    try:
        return _run(root, "git", *words, **variables).rstrip("\n")
    except PipelineError:
        if otherwise is None:
            raise
        return otherwise


def _run(root: Path, *command: str, **variables: str) -> str:
    shown = f"`{' '.join(command).removeprefix(f'{sys.executable} -m ')}` in {root}"
    try:
        done = subprocess.run(command, cwd=root, env=os.environ | variables, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise PipelineError(f"{shown}: {command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise PipelineError(f"{shown} failed: {error.stderr.strip()[-2000:]}") from error
    return done.stdout
