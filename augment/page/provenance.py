"""Where the figures come from, as rows of text: hashes from ``dvc.lock``, costs from the last run on this machine."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from augment.page.content import Json

NOT_RUN = "not run here"
"""What a stage costs that DVC took from its cache, or from another machine."""


class Hash(NamedTuple):
    """A file or folder, whole, under its content's hash."""

    path: str
    md5: str
    size: str


def inputs(lock: Json) -> list[Hash]:
    """List what no stage made: raw data, settings and code."""
    made = {entry["path"] for entry in _entries(lock, "outs")}
    return _hashes(entry for entry in _entries(lock, "deps") if not _below(entry["path"], made))


def outputs(lock: Json) -> list[Hash]:
    """List what the stages made."""
    return _hashes(_entries(lock, "outs"))


def _entries(lock: Json, part: str) -> list[Json]:
    return [entry for stage in lock.get("stages", {}).values() for entry in stage.get(part, [])]


def _below(path: str, made: set[str]) -> bool:
    """Whether the path is an output, lies in one, or holds some."""
    return any(path == out or path.startswith(f"{out}/") or out.startswith(f"{path}/") for out in made)


def _hashes(entries: Any) -> list[Hash]:
    found = {entry["path"]: Hash(entry["path"], entry.get("md5", ""), size(entry.get("size", 0))) for entry in entries}
    return [found[path] for path in sorted(found)]


class Cost(NamedTuple):
    """What stages cost in their last run on this machine.

    Attributes:
        name: Of a stage, or of all with this name.
        runs: How many of them ran here, e.g. ``3 of 4``.
        wall: Time on the clock, added up.
        cpu: Time of all processors, added up.
        memory: The most that any of them held.
        ended: When the last of them ended.
    """

    name: str
    runs: str
    wall: str
    cpu: str
    memory: str
    ended: str


def costs_by_kind(lock: Json, costs: Mapping[str, Json]) -> list[Cost]:
    """Add the stages up that differ in their coordinates only, and all of them at the end."""
    kinds: dict[str, list[str]] = {}
    for stage in stages(lock, costs):
        kinds.setdefault(stage.partition("@")[0], []).append(stage)
    return [_cost(kind, members, costs) for kind, members in kinds.items()] + [_cost("all", stages(lock, costs), costs)]


def costs_by_stage(lock: Json, costs: Mapping[str, Json]) -> list[Cost]:
    """Give one row a stage."""
    return [_cost(stage, [stage], costs) for stage in stages(lock, costs)]


def stages(lock: Json, costs: Mapping[str, Json]) -> list[str]:
    """List every stage of the lock, or, without a lock, those whose costs are known."""
    return list(lock.get("stages", {})) or sorted(costs)


def _cost(name: str, members: list[str], costs: Mapping[str, Json]) -> Cost:
    known = [costs[stage] for stage in members if stage in costs]
    if not known:
        return Cost(name, f"0 of {len(members)}", NOT_RUN, "", "", "")
    return Cost(
        name,
        f"{len(known)} of {len(members)}",
        duration(sum(cost["wall_s"] for cost in known)),
        duration(sum(cost["cpu_s"] for cost in known)),
        size(max(cost["peak_bytes"] for cost in known)),
        max(cost["ended"] for cost in known),
    )


def hardware(costs: Mapping[str, Json]) -> dict[str, int]:
    """Give each machine that stages ran on → how many did."""
    found: dict[str, int] = {}
    for cost in costs.values():
        found[cost["hardware"]] = found.get(cost["hardware"], 0) + 1
    return found


def duration(seconds: float) -> str:
    """Write a time as people read it, e.g. ``4 min 05 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: float) -> str:
    """Write a number of bytes as people read it, e.g. ``1.4 MB``."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
