"""Runs on changed settings: in a copy of the workspace, and recorded as DVC experiments for `dvc exp show`.

Neither `dvc exp run`, with or without `--temp`, nor `dvc exp save` will do in the workspace itself: for a moment they
take the user's own changes away with `git stash`, so that a kill, or an edit, at that moment costs them.
"""

import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines import graph, private
from pipelines.commands import PipelineError, dvc, git
from pipelines.settings import PARAMS_FILE, read_yaml
from pipelines.workspace import run_folder

_NOBODY = {"name": "pipelines", "email": "pipelines@localhost"}  # the author where git knows none


def copy(root: Path, overrides: Iterable[str]) -> Path:
    """Copy a workspace as it is now, uncommitted files and all, change the copy's settings, and return its root.

    It has a git of its own at the same commit, DVC's cache in common, outputs from there, and links to raw data. A copy
    that a failed or killed run left is brought up to date, so that checkpoints of training in it still serve.
    """
    where = clone(root, run_folder(root) / "copy", tree(root))
    _change_settings(where, list(overrides))
    raw = [str(path) for path in _raw_data(root, where) if (root / path).exists()]
    dvc(where, "checkout", "--force", "--allow-missing", "--quiet")
    if raw:
        _link_raw_data(root, where, raw)
    return where


def clone(root: Path, whole: Path, of: str) -> Path:
    """Make or renew a clone of a workspace's repository in a folder, with the files of a tree; return its workspace.

    What git ignores stays there: outputs, checkpoints. DVC's cache is in common.
    """
    top = git(root, "rev-parse", "--show-toplevel")
    shutil.rmtree(whole / ".git", ignore_errors=True)
    git(root, "clone", "--quiet", "--shared", "--bare", top, str(whole / ".git"))  # bare: the folder may have files
    git(whole, "config", "core.bare", "false")
    for part, nobody in _NOBODY.items():
        git(whole, "config", f"user.{part}", git(root, "config", f"user.{part}", otherwise=nobody))
    git(whole, "read-tree", "--reset", "-u", of)
    git(whole, "clean", "--quiet", "--force", "-d")
    git(whole, "reset", "--quiet")
    where = whole / git(root, "rev-parse", "--show-prefix")
    shutil.rmtree(where / ".dvc" / "tmp", ignore_errors=True)  # DVC's tables, which a kill may have cut short
    with suppress(FileNotFoundError):
        shutil.copy2(root / ".dvc" / "config.local", where / ".dvc")
    dvc(where, "cache", "dir", "--local", str(root / dvc(root, "cache", "dir").strip()))
    return where


def commit(root: Path, message: str) -> str:
    """Make a commit of all files but ignored ones, as they are, and return its name; no branch and no index has it."""
    return commit_of(root, tree(root), message, "HEAD")


def commit_of(root: Path, of: str, message: str, *parents: str) -> str:
    """Make a commit of a tree and return its name."""
    nobody = {f"GIT_{who}_{part.upper()}": its for who in ("AUTHOR", "COMMITTER") for part, its in _NOBODY.items()}
    above = [word for parent in parents for word in ("-p", parent)]
    return git(root, "commit-tree", of, *above, "-m", message, **nobody)


def tree(root: Path) -> str:
    """Put all files but ignored ones into git as they are, beside its index, and return the name of their tree."""
    with TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git(root, "read-tree", "HEAD", **index)
        git(root, "add", "--all", "--", ":/", **index)
        return git(root, "write-tree", **index)


def _change_settings(where: Path, overrides: list[str]) -> None:
    """Let DVC change params.yaml as `dvc exp run -S` would: it queues the changed file, which is taken from there."""
    shown = f"overrides {overrides}"
    if any(":" in override.partition("=")[0] for override in overrides):
        raise PipelineError(f"{shown}: expected KEY=VALUE, +KEY=VALUE or ~KEY, of {PARAMS_FILE}, and of no other file")
    try:
        dvc(where, "exp", "run", "--queue", *(f"--set-param={override}" for override in overrides))
    except PipelineError as error:
        raise PipelineError(f"{shown}: {error}") from error
    if len(git(where, "log", "--walk-reflogs", "--format=%h", private.QUEUED).split()) > 1:
        raise PipelineError(f"{shown}: one run takes one value of each, not a choice")
    git(where, "restore", "--source", private.QUEUED, "--", PARAMS_FILE)


def _raw_data(root: Path, where: Path) -> list[Path]:
    """List what stages read and none makes, and what `dvc add` tracks; refuse names that are no part of a path."""
    (where / "dvc.lock").unlink(missing_ok=True)  # without it DVC tells of every dependency and output
    status = json.loads(dvc(where, "status", "--json"))
    with suppress(FileNotFoundError):
        shutil.copy2(root / "dvc.lock", where)
    graph.check_names(status)
    parts = [part for parts in status.values() for part in parts if isinstance(part, dict)]
    made = [Path(path) for part in parts for path in part.get("changed outs", ())]
    read = [Path(path) for part in parts for path in part.get("changed deps", ())]
    sources = filter(None, git(where, "ls-files", "-z", "*.dvc").split("\0"))
    added = [Path(file).parent / out["path"] for file in sources for out in read_yaml(where / file).get("outs", ())]
    ours = {path for path in read for out in made if path.is_relative_to(out) or out.is_relative_to(path)}
    return added + [path for path in read if path not in ours and not path.is_absolute()]


def _link_raw_data(root: Path, where: Path, raw: list[str]) -> None:
    """Link the files of raw data that git does not have, in place of those that the copy has of it.

    Links, because raw data may be large; nobody writes to them but the user, whose change the run then sees, as it
    would in the workspace.
    """
    git(where, "clean", "--quiet", "--force", "-d", "-X", "--", *raw)
    files = git(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *raw)
    for name in filter(None, files.split("\0")):
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_dir():  # by way of a link
            shutil.copytree(root / name, where / name, copy_function=_link)
        else:
            _link(str(root / name), str(where / name))


def _link(source: str, target: str) -> None:
    try:
        os.link(Path(source).resolve(), target)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, target)


def record(root: Path, where: Path, name: str, stages: Iterable[str]) -> None:
    """Record a copy in which these stages are up to date as a DVC experiment of the workspace, and remove it."""
    dvc(where, "exp", "save", "--name", name, *stages)
    dvc(root, "exp", "pull", "--no-cache", git(where, "rev-parse", "--show-toplevel"), name)
    shutil.rmtree(run_folder(root) / "copy", ignore_errors=True)
