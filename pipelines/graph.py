"""The graph as DVC sees it: stages, edges, and what is stale. The only module that asks DVC about them.

Asked through documented commands, not through DVC's Python internals, which change between minor versions.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TypeAlias

from pipelines.commands import PipelineError, dvc
from pipelines.settings import PARAMS_FILE, StageHints, read_yaml

# Of a dataset and the like, whose name becomes a word of a command, which a shell reads, and part of a path.
NAME = re.compile(r"\w+([.-]\w+)*")
_NODE = re.compile(r'^\s*"([^"]+)";$', re.MULTILINE)
_EDGE = re.compile(r'^\s*"([^"]+)" -> "([^"]+)";$', re.MULTILINE)


@dataclass(frozen=True)
class StageNode:
    """One stage (or one `.dvc` data source)."""

    name: str  # DVC's address, such as `train_gan@digits-gan` or `raw/digits.dvc`
    parents: frozenset[str]  # stages whose outputs it reads
    changes: str  # what `dvc status` says, as JSON; empty when its own inputs and outputs are up to date, or not asked
    axes: Mapping[str, str]  # matrix coordinates, such as `{"dataset": "digits"}`
    hints: StageHints
    command: str = ""  # what DVC runs, as dvc.yaml has it; empty for a data source
    stays_here: str = ""  # why another machine cannot make it for this one; empty if it can


Graph: TypeAlias = dict[str, StageNode]


def read(root: Path, part: Callable[[Graph], Collection[str]] | None = None) -> Graph:
    """Ask DVC for every stage of a workspace, in an order in which parents come first; see also `check_names`.

    What has changed it is asked of all, or of the `part` that somebody takes from the graph: for DVC, to look at what
    one of fifty datasets is made of is a small part of the work.
    """
    dot = dvc(root, "dag", "--dot")
    parents: dict[str, set[str]] = {name: set() for name in _NODE.findall(dot)}
    for parent, child in _EDGE.findall(dot):
        parents.setdefault(child, set()).add(parent)
    check_names({*parents, *_unreadable(dot)})
    described = read_yaml(root / "dvc.yaml").get("stages", {})
    found: Graph = {}
    for name in TopologicalSorter(parents).static_order():
        group, _, key = name.partition("@")
        body = described.get(group, {})  # of a data source, or a stage in a sub-folder, nothing more is known
        body = _single(body)
        # `digits-real` is split over the axes of the matrix; one axis takes it whole, hyphens and all.
        axes = body.get("matrix", {})
        coordinates = dict(zip(axes, key.split("-", max(len(axes) - 1, 0)), strict=False))
        hints = _hints(name, body)
        lines = body.get("cmd", "")
        command = lines if isinstance(lines, str) else " && ".join(lines)
        above, stays = frozenset(parents.get(name, ())), _why_it_stays_here(body)
        found[name] = StageNode(name, above, "", coordinates, hints, command, stays)
    changes = _changes(root, found, set(part(found)) if part else set(found))
    return {name: replace(its, changes=changes.get(name, "")) for name, its in found.items()}


def _unreadable(dot: str) -> list[str]:
    """List the lines that name no stage or edge as all others do, because of a quote or an end of line in a name."""
    _, *lines, _ = dot.strip().split("\n")
    return [f"@{line}" for line in lines if not _NODE.fullmatch(line) and not _EDGE.fullmatch(line)]


def _changes(root: Path, found: Graph, asked: set[str]) -> dict[str, str]:
    """Ask DVC what has changed of these stages, and of all that they depend on; a stage → its words, as JSON."""
    last = sorted(asked.difference(*(found[name].parents for name in asked)))  # no other of them depends on those
    if not last:  # DVC takes no name for all
        return {}
    words = () if len(asked) == len(found) else ("--with-deps", *last)
    changes = json.loads(dvc(root, "status", "--json", *words))
    return {name: json.dumps(its) for name, its in changes.items()}


def records(root: Path) -> list[str]:
    """List where the stages of a workspace put what came of a dataset, each path with the blank `{dataset}`."""
    described = read_yaml(root / "dvc.yaml").get("stages", {})
    found = (_hints(group, _single(body)).record for group, body in described.items())
    return [record for record in found if record]


def _single(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body.get("do", body)  # where a `foreach` has it


def _hints(name: str, body: Mapping[str, Any]) -> StageHints:
    meta = body.get("meta")
    return StageHints.read(meta.get("flow", {}) if isinstance(meta, dict) else {}, f"stage {name}: meta.flow")


def _why_it_stays_here(body: Mapping[str, Any]) -> str:
    """Tell why DVC's run-cache never has a stage, or has it for this machine alone."""
    outs = [out for kind in ("outs", "metrics", "plots") for out in body.get(kind, ())]
    flags = [its for out in outs if isinstance(out, dict) for its in out.values() if isinstance(its, dict)]
    reasons = {
        "has no outputs": not outs,
        "has no dependencies": not (body.get("deps") or body.get("params")),
        "has `always_changed: true`": body.get("always_changed"),
        "has an output with `cache: false`": any(its.get("cache") is False for its in flags),
        "has an output with `persist: true`": any(its.get("persist") for its in flags),
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


def check_names(stages: Iterable[str]) -> None:
    """Raise PipelineError for a stage whose name is not safe as part of a command: nothing has been run then."""
    for name in stages:
        key = name.partition("@")[2]
        if key and not name.endswith(".dvc") and not NAME.fullmatch(key):
            expected = "expected letters, digits and _, with a single . or - between them"
            raise PipelineError(f"stage {name!r} of dvc.yaml, named after {PARAMS_FILE}: {expected}; nothing was run")
