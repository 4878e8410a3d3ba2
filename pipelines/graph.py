"""The graph as DVC sees it: stages, edges, and what is stale. The only module that asks DVC about them.

Asked through documented commands, not through DVC's Python internals, which change between minor versions.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TypeAlias

from pipelines.commands import PipelineError, dvc
from pipelines.settings import NAME, NAMING, PARAMS_FILE, FlowSettings, StageHints, read_yaml

_NODE = re.compile(r'^\s*"([^"]+)";$', re.MULTILINE)
_EDGE = re.compile(r'^\s*"([^"]+)" -> "([^"]+)";$', re.MULTILINE)
_ITEM = re.compile(r"\$\{item\.(\w+)\}")


@dataclass(frozen=True)
class StageNode:
    """One stage (or one `.dvc` data source)."""

    name: str  # DVC's address, such as `train_gan@digits-gan` or `raw/digits.dvc`
    parents: frozenset[str]  # stages whose outputs it reads
    changes: tuple[str, ...]  # what `dvc status` says; empty when its own inputs and outputs are up to date
    frozen: bool  # whether DVC is told to leave its dependencies alone
    axes: Mapping[str, str]  # matrix coordinates, such as `{"dataset": "digits"}`
    hints: StageHints
    command: str = ""  # what DVC runs, its matrix coordinates filled in; empty for a data source


Graph: TypeAlias = dict[str, StageNode]


def read(root: Path, settings: FlowSettings) -> Graph:
    """Ask DVC for every stage of a workspace, in an order in which parents come first.

    Raises PipelineError for a name that is not safe as part of a command: nothing has been run then.
    """
    dot, changes = dvc(root, "dag", "--dot"), json.loads(dvc(root, "status", "--json"))
    parents: dict[str, set[str]] = {name: set() for name in _NODE.findall(dot)}
    for parent, child in _EDGE.findall(dot):
        parents.setdefault(child, set()).add(parent)
    for name in {*parents, *changes}:
        key = name.partition("@")[2]
        if key and not name.endswith(".dvc") and not NAME.fullmatch(key):
            raise PipelineError(f"stage {name!r} of dvc.yaml, named after {PARAMS_FILE}: {NAMING}; nothing was run")
    stages_in = cache(lambda file: read_yaml(root / file).get("stages", {}))
    found: Graph = {}
    for name in TopologicalSorter(parents).static_order():
        # `folder/dvc.yaml:group@key` is under `stages.group` there; `foreach` keeps the stage under `do`.
        file, _, address = name.rpartition(":")
        group, _, key = address.partition("@")
        body = {} if name.endswith(".dvc") else stages_in(file or "dvc.yaml")[group]
        # `digits-real` is split over the axes of the matrix; one axis takes it whole, hyphens and all.
        axes = list(body.get("matrix", {})) or (["key"] if "foreach" in body else [])
        coordinates = dict(zip(axes, key.split("-", max(len(axes) - 1, 0)), strict=False))
        body = body | body.get("do", {})
        hints = settings.hints(body.get("meta"), f"meta of stage {name} in dvc.yaml")
        seen = tuple(line for entry in changes.get(name, ()) for line in _flat(entry))
        above = frozenset(parents.get(name, ()))
        lines = body.get("cmd", "")
        command = lines if isinstance(lines, str) else " && ".join(lines)
        filled = _ITEM.sub(lambda item: coordinates.get(item[1], item[0]), command)  # noqa: B023 - used at once
        found[name] = StageNode(name, above, seen, bool(body.get("frozen")), coordinates, hints, filled)
    return found


def _flat(entry: Any) -> Iterator[str]:
    """Flatten `{"changed deps": {"s.py": "modified", "params.yaml": {"n": "new"}}}` into readable lines."""
    if not isinstance(entry, dict):
        yield str(entry)
    for key, value in entry.items() if isinstance(entry, dict) else ():
        yield from (f"{key}: {line}" for line in _flat(value))
