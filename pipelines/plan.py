"""What runs, and in which order: pure functions over the graph."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from typing import Any

from pipelines.graph import Graph, GraphError, Stage


@dataclass(frozen=True)
class Plan:
    """The part of the graph a run is about, parents first.

    Attributes:
        stages: Every selected stage and all its ancestors.
        stale: Names of those that have to run, or may have to, once their ancestors have run.
    """

    stages: Graph
    stale: frozenset[str]

    def __str__(self) -> str:
        return f"{len(self.stale)} of {len(self.stages)} stages to run"

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Give plain values, parents first: for each stage whether it is stale, its parents and its command."""
        return {
            name: {"stale": name in self.stale, "parents": sorted(stage.parents), "command": stage.command}
            for name, stage in self.stages.items()
        }


def make(graph: Graph, datasets: Iterable[str] = (), stages: Iterable[str] = (), force: bool = False) -> Plan:
    """Select a part of the graph and find what is stale in it.

    Args:
        graph: All stages, parents first.
        datasets: Only stages of these datasets (the matrix axis `dataset`, or the key of a `foreach`), but none that
            needs another dataset: what compares all would run all.
        stages: Only these stages: full names, or names before the `@` for all of a matrix.
        force: Everything selected counts as stale, as in `dvc repro --force`.

    Raises:
        GraphError: A dataset or stage is not in the graph; the message lists what is.
    """
    selected = _with_ancestors(graph, _select(graph, tuple(datasets), tuple(stages)))
    stale: set[str] = set()
    for name, stage in selected.items():
        # `dvc status` looks at each stage alone. What an ancestor will rewrite it cannot know, so staleness
        # is handed down here, except to a frozen stage, which DVC cuts off from its dependencies.
        if force or stage.changes or (not stage.frozen and stale & stage.parents):
            stale.add(name)
    return Plan(selected, frozenset(stale))


def _select(graph: Graph, datasets: tuple[str, ...], stages: tuple[str, ...]) -> set[str]:
    of_dataset = {name: stage.axes.get("dataset", stage.axes.get("key")) for name, stage in graph.items()}
    _all_known("dataset", datasets, {value for value in of_dataset.values() if value})
    _all_known("stage", stages, {*graph, *map(_group, graph)})
    if stages:
        chosen = {name for name in graph if name in stages or _group(name) in stages}
        return {name for name in chosen if not datasets or of_dataset[name] in datasets}
    if not datasets:
        return set(graph)
    others = set(of_dataset.values()) - {None, *datasets}
    return {
        name
        for name in graph
        if of_dataset[name] in datasets
        and not any(of_dataset[above] in others for above in _with_ancestors(graph, {name}))
    }


def _group(name: str) -> str:
    return name.partition("@")[0]


def _all_known(kind: str, wanted: Iterable[str], known: set[str]) -> None:
    unknown = sorted(set(wanted) - known)
    if unknown:
        raise GraphError(f"no {kind} {', '.join(unknown)} in dvc.yaml; there is {', '.join(sorted(known)) or 'none'}")


def _with_ancestors(graph: Graph, names: set[str]) -> Graph:
    wanted = set(names)
    for name in reversed(graph):  # children first, so that one pass reaches every ancestor
        if name in wanted:
            wanted |= graph[name].parents
    return {name: stage for name, stage in graph.items() if name in wanted}


def schedule(
    plan: Plan,
    jobs: int,
    start: Callable[[Stage], None],
    wait: Callable[[], str | None],
) -> None:
    """Start every stage of a plan once its parents have finished, the longest way to the end first.

    Args:
        plan: What to run.
        jobs: Stale stages side by side; fresh ones cost nothing and are started at once.
        start: Starts one stage and returns without waiting for it.
        wait: Waits for any started stage and returns its name, or None to start nothing further and return
            once those under way have finished.
    """
    sorter = TopologicalSorter({name: stage.parents for name, stage in plan.stages.items()})
    sorter.prepare()
    heights = _heights(plan)
    queue: list[tuple[int, str]] = []
    running: set[str] = set()
    stopping = False
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(queue, (-heights[name] if name in plan.stale else -len(heights) - 1, name))
        while queue and not stopping and (queue[0][1] not in plan.stale or len(running & plan.stale) < jobs):
            name = heappop(queue)[1]
            running.add(name)
            start(plan.stages[name])
        if not running:
            return
        finished = wait()
        if finished is None:
            stopping = True
        else:
            running.remove(finished)
            sorter.done(finished)


def _heights(plan: Plan) -> dict[str, int]:
    """Count the stale stages on the longest way from each stage to the end of the graph."""
    heights = dict.fromkeys(plan.stages, 0)
    for name in reversed(plan.stages):
        heights[name] += name in plan.stale
        for parent in plan.stages[name].parents:
            heights[parent] = max(heights[parent], heights[name])
    return heights
