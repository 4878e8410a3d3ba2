"""The graph as DVC sees it: stages, edges, and what is stale. The only module that asks DVC about them.

Asked through `dvc dag --dot` and `dvc status --json`, the documented commands, not through DVC's Python
internals, which change between minor versions; in one process, because to start DVC takes longer than both.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TypeAlias

from pipelines.settings import FlowSettings, StageHints, read_yaml

DVC = (sys.executable, "-m", "dvc")
_NODE = re.compile(r'^"(?P<name>[^"]+)";$')
_EDGE = re.compile(r'^"(?P<parent>[^"]+)" -> "(?P<child>[^"]+)";$')
_ITEM = re.compile(r"\$\{item\.(\w+)\}")
_PATIENCE_S = 120  # how long DVC may wait for another DVC command to let go of the workspace
_END = "\0"
_ASK = f"""
import sys
from dvc.cli import main
for words in ("dag", "--dot"), ("status", "--json"):
    if main(["--wait-for-lock", *words]):
        sys.exit(f"`dvc {{' '.join(words)}}` failed")
    print(end={_END!r}, flush=True)
"""


class GraphError(RuntimeError):
    """DVC could not tell the graph, or was asked for a stage or dataset that is not in it."""


@dataclass(frozen=True)
class Stage:
    """One stage (or one `.dvc` data source), under the name DVC gives it.

    Attributes:
        name: DVC's address, such as `train_gan@digits-gan` or `raw/digits.dvc`.
        parents: Stages whose outputs it reads.
        changes: What `dvc status` says has changed; empty when its own inputs and outputs are up to date.
        frozen: Whether DVC is told to leave its dependencies alone.
        axes: Its matrix coordinates, such as `{"dataset": "digits"}`.
        hints: How it wants to be run.
        command: What DVC runs, its matrix coordinates filled in; empty for a data source.
    """

    name: str
    parents: frozenset[str]
    changes: tuple[str, ...]
    frozen: bool
    axes: Mapping[str, str]
    hints: StageHints
    command: str = ""


Graph: TypeAlias = dict[str, Stage]


def read(root: Path, settings: FlowSettings) -> Graph:
    """Ask DVC for every stage of a workspace, in an order in which parents come first.

    Raises:
        GraphError: DVC fails; its own message is in the error.
        SettingsError: A stage's hints in dvc.yaml are wrong.
    """
    dot, status = _ask(root)
    parents = _parse_dot(dot)
    changes = json.loads(status)
    definitions = _definitions(root, parents)
    return {
        name: _stage(
            name,
            definitions[name],
            settings,
            parents=parents[name],
            changes=_describe(changes.get(name, ())),
        )
        for name in TopologicalSorter(parents).static_order()
    }


def _stage(name: str, definition: dict[str, Any], settings: FlowSettings, **seen: Any) -> Stage:
    body = definition | definition.get("do", {})  # `foreach` keeps the stage under `do`
    axes = _axes(definition, name.partition("@")[2])
    return Stage(
        name,
        frozen=bool(body.get("frozen")),
        axes=axes,
        command=_command(body.get("cmd", ""), axes),
        hints=settings.hints(body.get("meta"), f"meta of stage {name} in dvc.yaml"),
        **seen,
    )


def _definitions(root: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Find what dvc.yaml says about each stage: `folder/dvc.yaml:group@key` is under `stages.group` there."""
    read_file = cache(lambda file: read_yaml(root / file).get("stages", {}))
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        file, _, address = name.rpartition(":")
        found[name] = {} if name.endswith(".dvc") else read_file(file or "dvc.yaml")[address.partition("@")[0]]
    return found


def _axes(definition: dict[str, Any], key: str) -> dict[str, str]:
    """Split `digits-real` over the axes of the matrix; one axis takes it whole, hyphens and all."""
    names = list(definition.get("matrix", {})) or (["key"] if "foreach" in definition else [])
    return dict(zip(names, key.split("-", len(names) - 1) if names else (), strict=False))


def _command(written: str | list[str], axes: Mapping[str, str]) -> str:
    """Fill the coordinates into a command as dvc.yaml writes it; whatever else DVC would fill in stays."""
    text = written if isinstance(written, str) else " && ".join(written)
    return _ITEM.sub(lambda item: axes.get(item[1], item[0]), text)


def _describe(entries: Iterable[Any]) -> tuple[str, ...]:
    """Flatten `[{"changed deps": {"s.py": "modified"}}, "always changed"]` into readable lines."""
    lines: list[str] = []
    for entry in entries:
        for what, items in entry.items() if isinstance(entry, dict) else [(str(entry), {})]:
            lines += [f"{what}: {item} {how}" for item, how in _pairs(items)] or [what]
    return tuple(lines)


def _pairs(items: object) -> Iterable[tuple[str, str]]:
    for item, how in items.items() if isinstance(items, dict) else ():
        if isinstance(how, dict):  # a parameter file lists its keys
            yield from ((f"{item}:{key}", change) for key, change in how.items())
        else:
            yield item, how


def _parse_dot(dot: str) -> dict[str, frozenset[str]]:
    lines = [line.strip() for line in dot.splitlines()]
    parents: dict[str, set[str]] = {node["name"]: set() for line in lines if (node := _NODE.match(line))}
    for edge in filter(None, map(_EDGE.match, lines)):
        parents.setdefault(edge["parent"], set())
        parents.setdefault(edge["child"], set()).add(edge["parent"])
    return {name: frozenset(above) for name, above in parents.items()}


def _ask(root: Path) -> tuple[str, str]:
    command = [sys.executable, "-c", _ASK]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise GraphError(
            f"DVC gave no answer for {_PATIENCE_S} s in {root}: is another DVC command at work there?"
        ) from error
    if done.returncode != 0:
        raise GraphError(f"DVC could not tell the graph of {root}: {done.stderr.strip()[-2000:]}")
    dot, status, _ = done.stdout.split(_END)
    return dot, status
