"""Frees what nobody needs any more: in DVC's cache, on the Prefect server, and scratch of datasets that are gone.

The user's raw folders are never touched, nor is anything else of the workspace that is not scratch.
"""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter

from pipelines.commands import PipelineError, dvc
from pipelines.disk import size
from pipelines.settings import PARAMS_FILE, FlowSettings, read_yaml

SCRATCH = Path("scratch")  # dvc.yaml: checkpoints of trainings, by dataset; costs by stage; searches by dataset
# What any commit (the user's, or an experiment's) or the workspace names stays.
_GC = ("gc", "--workspace", "--all-commits", "--all-experiments", "--force")
_REMOVED = re.compile(r"^Removing (.+)$", re.MULTILINE)
_ENDED = ["COMPLETED", "FAILED", "CANCELLED", "CRASHED"]
_PAGE = 200  # runs that the server tells at once


@dataclass(frozen=True)
class Find:
    """Something to free."""

    what: str
    free: Callable[[], object]


def find(root: Path, chosen: FlowSettings, tags: list[str]) -> tuple[list[Find], list[str]]:
    """List what can be freed, and say what is left alone, and why. Only for who holds the workspace."""
    finds, left = list[Find](), list[str]()
    cache = Path(dvc(root, "cache", "dir").strip())
    if cache.resolve().is_relative_to(root.resolve()):
        files = [Path(name) for name in _REMOVED.findall(dvc(root, *_GC, "--dry"))]
        _require_no_links(root, files)
        if files:
            what = (
                f"{size(sum(map(_bytes, files)))} in DVC's cache: {len(files)} files that no commit, no experiment and"
            )
            finds.append(Find(f"{what} not the workspace names", partial(dvc, root, *_GC)))
    else:
        told = f"DVC's cache {cache}, which is not in this folder, so that others may use it"
        left.append(f"{told}: `dvc gc {' '.join(_GC[1:-1])} --projects FOLDER …` with all that do")
    days = chosen.server.keep_days
    if runs := _old_runs(tags, days):
        what = f"{len(runs)} runs on the Prefect server that ended more than {days:g} days ago (flow.server.keep_days)"
        finds.append(Find(what, partial(_forget, runs)))
    for path in _scratch(root):
        told = f"{size(_bytes(path))} in {path.relative_to(root)}: scratch of what {PARAMS_FILE} does not name any more"
        finds.append(Find(told, partial(_remove, path)))
    return finds, left


def _require_no_links(root: Path, files: list[Path]) -> None:
    """Raise PipelineError where a file of the workspace is but a link to one that would go (`cache.type symlink`)."""
    going = {str(file.resolve()) for file in files}
    for above, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in {".dvc", ".git", ".venv"}]
        for path in (Path(above, name) for name in [*names, *folders]):
            if path.is_symlink() and str(path.resolve()) in going:
                told = f"{path.relative_to(root)} is a link into DVC's cache, to a file that no .dvc and no stage names"
                raise PipelineError(f"{told}: copy it (`cp -L`), or track it with `dvc add`; nothing was freed")


def _scratch(root: Path) -> list[Path]:
    """List scratch of datasets that dvc.lock still knows and the settings do not, and costs of their stages."""
    datasets = read_yaml(root / PARAMS_FILE).get("datasets")
    if not isinstance(datasets, dict):
        raise PipelineError(f"{PARAMS_FILE}: datasets: expected a mapping, so nothing was freed")
    keys = {name.partition("@")[2] for name in read_yaml(root / "dvc.lock").get("stages") or {}}
    gone = {key.partition("-")[0] for key in keys} - {"", *map(str, datasets)}
    found = [root / SCRATCH / above / name for name in sorted(gone) for above in ("", "tune")]
    costs = sorted((root / SCRATCH / "costs").glob("*@*.json"))
    found += [file for file in costs if file.stem.partition("@")[2].partition("-")[0] in gone]
    return [path for path in found if path.exists() and not path.is_symlink()]


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_file() and not file.is_symlink())


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _old_runs(tags: list[str], days: float) -> list[UUID]:
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    wanted = {"tags": {"any_": tags}, "state": {"type": {"any_": _ENDED}}, "end_time": {"before_": before}}
    chosen, found = FlowRunFilter.model_validate(wanted), list[UUID]()
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(flow_run_filter=chosen, limit=_PAGE, offset=len(found)):
            found += [run.id for run in page]
    return found


def _forget(runs: list[UUID]) -> None:
    with get_client(sync_client=True) as client:
        for run in runs:
            client.delete_flow_run(run)
