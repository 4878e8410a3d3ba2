"""Runs on changed settings, recorded as DVC experiments, so that `dvc exp show` compares them.

Overrides are written into params.yaml for the time of the run, as `dvc exp run -S` does, because stages read
it there; afterwards everything is put back, so that the next scheduled run starts from the workspace's own
settings. What has to be put back is written down first: a crash is made undone by the next run.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from pipelines.graph import DVC
from pipelines.settings import PARAMS_FILE, SettingsError, read_yaml
from pipelines.workspace import scratch

_UNDO = "undo"
_TEMPLATE = re.compile(r"\$\{[^}]*\}")
_NOBODY = {"name": "pipelines", "email": "pipelines@localhost"}


class ExperimentError(RuntimeError):
    """DVC refused to record an experiment, or to put outputs back; its message is in the error."""


def apply(root: Path, overrides: Sequence[str]) -> None:
    """Write overrides into params.yaml, having saved what `undo` will put back.

    Raises:
        SettingsError: An override is not in Hydra's grammar, or names a key that is not in params.yaml.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides

    saved = scratch(root) / f"{_UNDO}.new"
    shutil.rmtree(saved, ignore_errors=True)
    for file in (PARAMS_FILE, "dvc.lock", *_plain_outputs(root)):
        (saved / file).parent.mkdir(parents=True, exist_ok=True)
        if (root / file).is_dir():
            shutil.copytree(root / file, saved / file)
        elif (root / file).exists():
            shutil.copy2(root / file, saved / file)
    changed = scratch(root) / PARAMS_FILE
    shutil.copy2(root / PARAMS_FILE, changed)
    try:
        apply_overrides(changed, list(overrides))
    except DvcException as error:
        raise SettingsError(f"overrides {list(overrides)}: {error.__cause__ or error}") from error
    saved.rename(scratch(root) / _UNDO)
    changed.replace(root / PARAMS_FILE)


def undo(root: Path) -> str | None:
    """Put settings, dvc.lock and outputs back as they were before `apply`; say so, if there was anything.

    Raises:
        ExperimentError: DVC cannot check out the former outputs.
    """
    saved = scratch(root) / _UNDO
    if not saved.exists():
        return None
    for file in (PARAMS_FILE, "dvc.lock"):
        if not (saved / file).exists():
            (root / file).unlink(missing_ok=True)
    shutil.copytree(saved, root, dirs_exist_ok=True, copy_function=_copy_whole)
    _dvc(root, "checkout", "--force", "--quiet")
    for out in map(root.joinpath, _plain_outputs(root)):  # what was not there before must go
        if out.is_dir():
            shutil.rmtree(out)
        else:
            out.unlink(missing_ok=True)
    shutil.copytree(saved, root, dirs_exist_ok=True, copy_function=_copy_whole)
    shutil.rmtree(saved)
    return "the settings of a former run were put back"


def record(root: Path, name: str) -> None:
    """Save the workspace as it is as a DVC experiment.

    Raises:
        ExperimentError: DVC refuses.
    """
    _dvc(root, "exp", "save", "--force", "--name", name)


def settings_changed(root: Path) -> bool:
    """Tell whether params.yaml differs from the last commit."""
    command = ["git", "diff", "--quiet", "HEAD", "--", PARAMS_FILE]
    return subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 1


def _plain_outputs(root: Path) -> Iterator[str]:
    """Find what DVC does not keep in its cache: outputs said to be so in dvc.yaml, and pages beside outputs."""
    patterns = set()
    for definition in read_yaml(root / "dvc.yaml").get("stages", {}).values():
        body = definition | definition.get("do", {})
        outs = [out for kind in ("outs", "metrics", "plots") for out in body.get(kind, ()) if isinstance(out, dict)]
        plain = [path for out in outs for path, options in out.items() if (options or {}).get("cache") is False]
        patterns |= {_TEMPLATE.sub("*", path) for path in plain}
        hints = body["meta"].get("flow") if isinstance(body.get("meta"), dict) else None
        if isinstance(hints, dict) and (page := hints.get("page")):
            yield str(page)
    for entry in read_yaml(root / "dvc.lock").get("stages", {}).values():
        for out in entry.get("outs", ()):
            if any(fnmatch(out["path"], pattern) for pattern in patterns):
                yield out["path"]


def _copy_whole(source: str, target: str) -> None:
    """Copy a file whole or not at all: the disk may be full, or this process be killed."""
    shutil.copy2(source, f"{target}.new")
    Path(f"{target}.new").replace(target)


def _dvc(root: Path, *words: str) -> None:
    done = subprocess.run(
        [*DVC, "--wait-for-lock", *words],
        cwd=root,
        env=_authorship(root) | os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ExperimentError(f"`dvc {' '.join(words)}` failed: {done.stderr.strip()[-2000:]}")


def _authorship(root: Path) -> dict[str, str]:
    """Make an environment that names an author, as DVC records nothing without: git's own, the flow if it has none."""
    told: dict[str, str] = {}
    for part, fallback in _NOBODY.items():
        command = ["git", "config", f"user.{part}"]
        configured = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout.strip()
        told |= {f"GIT_{role}_{part.upper()}": configured or fallback for role in ("AUTHOR", "COMMITTER")}
    return told
