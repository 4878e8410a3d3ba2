"""Runs on changed settings: in a copy of the workspace, and recorded as DVC experiments for `dvc exp show`.

Neither `dvc exp run`, with or without `--temp`, nor `dvc exp save` will do in the workspace itself: for a moment they
take the user's own changes away with `git stash`, so that a kill, or an edit, at that moment costs them.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines import private
from pipelines.commands import PipelineError, dvc, git
from pipelines.settings import NAME, NAMING, PARAMS_FILE, read_yaml
from pipelines.workspace import run_folder

_OVERRIDE = re.compile(r"(\+{0,2}|~)[A-Za-z_][\w.-]*(=.*)?", re.DOTALL)
_OURS = ("dvc.yaml", "dvc.lock", PARAMS_FILE)  # recorded even where git does not know them
_NOBODY = {"name": "pipelines", "email": "pipelines@localhost"}


def copy(root: Path, overrides: Iterable[str]) -> Path:
    """Copy a workspace as it is now, uncommitted files and all, change the copy's settings, and return its root.

    It has a git of its own at the same commit, DVC's cache in common, outputs from there, and links to raw data. A copy
    that a failed or killed run left is brought up to date, so that checkpoints of training in it still serve.
    """
    for override in overrides:
        if not _OVERRIDE.fullmatch(override):
            raise PipelineError(f"override {override!r}: expected KEY=VALUE, +KEY=VALUE or ~KEY of {PARAMS_FILE}")
    head, top = git(root, "rev-parse", "HEAD"), git(root, "rev-parse", "--show-toplevel")
    whole, fresh = run_folder(root) / "copy", run_folder(root) / "copy.git"
    for old in (whole / ".git", fresh):
        shutil.rmtree(old, ignore_errors=True)
    git(root, "clone", "--quiet", "--shared", "--no-checkout", top, str(fresh))
    whole.mkdir(exist_ok=True)
    (fresh / ".git").rename(whole / ".git")
    git(whole, "update-ref", "--no-deref", "HEAD", head)
    git(whole, "read-tree", "--reset", "-u", _tree(root, root, head, "--all"))
    git(whole, "clean", "--quiet", "--force", "-d")
    git(whole, "reset", "--quiet")
    where = whole / git(root, "rev-parse", "--show-prefix")
    shutil.rmtree(where / ".dvc" / "tmp", ignore_errors=True)  # DVC's tables, which a kill may have cut short
    with suppress(FileNotFoundError):
        shutil.copy2(root / ".dvc" / "config.local", where / ".dvc")
    dvc(where, "cache", "dir", "--local", str(root / dvc(root, "cache", "dir").strip()))
    _change_settings(where, f"overrides {list(overrides)}", [word for each in overrides for word in ("-S", each)])
    dvc(where, "checkout", "--force", "--allow-missing", "--quiet")
    _link_raw_data(root, where)
    return where


def _change_settings(where: Path, shown: str, words: list[str]) -> None:
    """Let DVC change params.yaml as `dvc exp run -S` would: it queues the changed file, which is taken from there."""
    try:
        dvc(where, "exp", "run", "--queue", *words)
    except PipelineError as error:
        raise PipelineError(f"{shown}: {error}") from error
    if len(git(where, "log", "--walk-reflogs", "--format=%h", private.QUEUED).split()) > 1:
        raise PipelineError(f"{shown}: one run takes one value of each, not a choice")
    git(where, "checkout", private.QUEUED, "--", PARAMS_FILE)
    git(where, "reset", "--quiet")
    for name in _names(read_yaml(where / PARAMS_FILE)):
        if not NAME.fullmatch(name):  # before DVC makes paths of it
            raise PipelineError(f"{shown}: the name {name!r}: {NAMING}")


def _names(block: Any) -> Iterator[str]:
    for key, value in block.items() if isinstance(block, dict) else ():
        yield from (str(key), *_names(value))


def _link_raw_data(root: Path, where: Path) -> None:
    """Link what stages read, none makes, and git does not have; and what `dvc add` tracks, where it has changed.

    Links, because raw data may be large; nobody writes to them but the user, whose change the run then sees, as it
    would in the workspace.
    """
    lock, aside = where / "dvc.lock", where / ".dvc" / "tmp" / "dvc.lock"
    if lock.exists():  # without it DVC tells of every dependency and output
        lock.rename(aside)
    stages = json.loads(dvc(where, "status", "--json"))
    if aside.exists():
        aside.rename(lock)
    added = list(filter(None, git(where, "ls-files", "-z", "*.dvc").split("\0")))
    changed = json.loads(dvc(root, "status", "--json", *added)) if added else {}
    made = list(_paths(stages, "outs"))
    read = [path for path in _paths(stages, "deps") if not path.is_absolute()]
    ours = [path for path in read if not any(path.is_relative_to(out) or out.is_relative_to(path) for out in made)]
    ours += list(_paths(changed, "outs"))
    words = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *map(str, ours))
    old, new = (filter(None, git(each, *words).split("\0")) if ours else () for each in (where, root))
    for name in old:
        (where / name).unlink()
    for name in new:
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_dir():  # by way of a link
            shutil.copytree(root / name, where / name, copy_function=_link, dirs_exist_ok=True)
        else:
            _link(str(root / name), str(where / name))


def _paths(status: dict[str, Any], kind: str) -> Iterator[Path]:
    for entry in (entry for entries in status.values() for entry in entries if isinstance(entry, dict)):
        yield from map(Path, entry.get(f"changed {kind}", ()))


def _link(source: str, target: str) -> None:
    try:
        os.link(Path(source).resolve(), target)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, target)


def forget(root: Path) -> None:
    """Remove the copy, after a run that succeeded."""
    shutil.rmtree(run_folder(root) / "copy", ignore_errors=True)


def settings_changed(root: Path) -> bool:
    """Tell whether params.yaml differs from the last commit; no, where there is none."""
    return bool(git(root, "diff", "--name-only", "HEAD", "--", PARAMS_FILE, otherwise=""))


def record(root: Path, where: Path, name: str) -> None:
    """Record a workspace, or its copy, as it is, as a DVC experiment: a commit beside git's branches.

    It has what `dvc exp save` would put there: every change of a file that git knows, and dvc.lock.
    """
    head = git(where, "rev-parse", "HEAD")
    tree = _tree(root, where, head, "--update")
    people = {part: git(root, "config", f"user.{part}", otherwise=nobody) for part, nobody in _NOBODY.items()}
    author = {f"GIT_{who}_{part.upper()}": him for who in ("AUTHOR", "COMMITTER") for part, him in people.items()}
    words = ("commit-tree", tree, "-p", head, "-m", f"dvc: commit experiment {name}")
    saved = git(root, *words, **{key: os.environ.get(key, value) for key, value in author.items()})
    git(root, "update-ref", private.EXPERIMENT.format(head, head[2:], name), saved)


def _tree(root: Path, where: Path, head: str, which: str) -> str:
    """Put files as they are into the workspace's git, beside its index, and return the name of their tree."""
    top, store = git(where, "rev-parse", "--show-toplevel"), git(root, "rev-parse", "--absolute-git-dir")
    index = run_folder(root) / "index"
    for old in (index, index.with_name("index.lock")):  # a lock of a run that was killed
        old.unlink(missing_ok=True)
    variables = {"GIT_DIR": store, "GIT_WORK_TREE": top, "GIT_INDEX_FILE": str(index)}
    git(where, "read-tree", head, **variables)
    git(where, "add", which, "--", ":/", **variables)
    git(where, "add", "--force", "--", *(name for name in _OURS if (where / name).exists()), **variables)
    return git(where, "write-tree", **variables)
