"""Whether a run has room: free space against what the stages that are to run put out, as dvc.lock knows it."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from pipelines.commands import dvc
from pipelines.plan import Plan
from pipelines.settings import read_yaml

_STEPS = ("bytes", "kB", "MB", "GB", "TB")


def size(count: float) -> str:
    """Write a number of bytes."""
    step = 0
    while count >= 1000 and step < len(_STEPS) - 1:
        count, step = count / 1000, step + 1
    return f"{count:.1f} {_STEPS[step]}" if step and count < 10 else f"{count:.0f} {_STEPS[step]}"


def outlook(root: Path, plan: Plan) -> tuple[bool, str]:
    """Tell whether there is room for a plan, as far as is known, and say so in a sentence.

    A stage puts its outputs into the workspace, where they take the place of older ones, and into DVC's cache, where
    these stay. One that has not run yet is taken to put out what others of its kind do.
    """
    lock: Mapping[str, Any] = read_yaml(root / "dvc.lock").get("stages") or {}
    known = {name: _bytes(entry) for name, entry in lock.items()}
    needed, unknown = 0.0, 0
    for name in plan.stale:
        group = name.partition("@")[0]
        alike = [its for other, its in known.items() if other.partition("@")[0] == group]
        if not alike:
            unknown += bool(plan.stages[name].command)
        needed += known[name] if name in known else 2 * fmean(alike) if alike else 0
    places = (root, Path(dvc(root, "cache", "dir").strip()))
    free = min(shutil.disk_usage(next(each for each in (path, *path.parents) if each.exists())).free for path in places)
    enough = needed < free
    told = f"Disk: {size(free)} free, the stages to run need about {size(needed)} of it"
    if unknown:
        told += f", not counting {unknown} that never ran: what these put out nobody knows yet"
    return enough, told + ("." if enough else "; it will not do: `make tidy` may free some.")


def _bytes(entry: Mapping[str, Any]) -> int:
    return sum(int(out.get("size", 0)) for out in entry.get("outs", ()))
