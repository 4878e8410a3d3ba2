"""What DVC and Prefect need of the machine, so that the first command can say what is missing, with the remedy."""

import getpass
import os
import subprocess
from pathlib import Path

from augment.core.errors import SettingsError


def require_environment(root: Path) -> None:
    """Refuse to begin where DVC would stop at once, in its own words.

    Raises:
        SettingsError: The user has no name or home, as a mere number in a container has not; or git does not know the
            project, as after a ZIP download, or does not trust it.
    """
    try:
        Path.home(), getpass.getuser()
    except (RuntimeError, KeyError, OSError) as error:
        raise SettingsError(
            f"the system knows no user of number {os.getuid()}, and DVC and Prefect ask for name and home: set USER to "
            "any name, and HOME to a folder of yours"
        ) from error
    if (told := _git_fails(root)) is None or _works_without(root):
        return
    if "safe.directory" in told:
        raise SettingsError(
            f"git does not trust {root}, as it belongs to another user, and DVC needs git: make the folder yours, or "
            f"run `git config --global --add safe.directory {root}`"
        )
    raise SettingsError(f"{told}. DVC needs git: make {root} a repository with `git init`, or `git clone` the project")


def _git_fails(root: Path) -> str | None:
    try:
        subprocess.run(["git", "rev-parse", "--git-dir"], cwd=root, capture_output=True, text=True, check=True)  # noqa: S607
    except FileNotFoundError:
        return "git is not installed"
    except subprocess.CalledProcessError as error:
        return f"git: {error.stderr.strip()}"
    return None


def _works_without(root: Path) -> bool:
    asked = ["dvc", "config", "core.no_scm"]
    return subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False).stdout.strip() == "true"  # noqa: S603
