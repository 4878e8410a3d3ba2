"""What runs, and in which order: pure functions over the graph."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heappop, heappush

from pipelines.commands import PipelineError
from pipelines.graph import Graph, StageNode


@dataclass(frozen=True)
class Plan:
    """The part of the graph a run is about."""

    stages: Graph  # parents first
    stale: frozenset[str]  # names of those that have to run, or may have to, once their ancestors have run
    elsewhere: frozenset[str] = frozenset()  # names of those that other machines do


def make(graph: Graph, datasets: Iterable[str] = (), stages: Iterable[str] = (), force: bool = False) -> Plan:
    """Select a part of the graph, and find what is stale in it; with `force`, all of it."""
    selected = select(graph, datasets, stages)
    stale: set[str] = set()
    for name, stage in selected.items():
        # `dvc status` looks at each stage alone; what an ancestor will rewrite it cannot know.
        if force or stage.changes or stale & stage.parents:
            stale.add(name)
    return Plan(selected, frozenset(stale))


def select(graph: Graph, datasets: Iterable[str] = (), stages: Iterable[str] = ()) -> Graph:
    """Select a part of the graph, with its ancestors.

    Of `datasets` (the matrix axis `dataset`) those stages are taken that need no other dataset: what compares all would
    run all. `stages` are full names, or names before the `@` for all of a matrix. Raises PipelineError, which lists
    what is in the graph, for what is not.
    """
    return _with_ancestors(graph, _select(graph, set(datasets), set(stages)))


def _select(graph: Graph, datasets: set[str], stages: set[str]) -> set[str]:
    dataset_of = {name: stage.axes.get("dataset") for name, stage in graph.items()}
    group_of = {name: name.partition("@")[0] for name in graph}
    all_datasets = set(filter(None, dataset_of.values()))
    for kind, wanted, there in ("dataset", datasets, all_datasets), ("stage", stages, {*graph, *group_of.values()}):
        if unknown := ", ".join(sorted(wanted - there)):
            raise PipelineError(f"no {kind} {unknown} in dvc.yaml; there is {', '.join(sorted(there)) or 'none'}")
    chosen = {name for name in graph if not stages or {name, group_of[name]} & stages}
    if datasets:
        chosen = {name for name in chosen if dataset_of[name] in datasets}
    if datasets and not stages:
        others = all_datasets - datasets
        chosen = {name for name in chosen if others.isdisjoint(map(dataset_of.get, _with_ancestors(graph, {name})))}
    return chosen


def _with_ancestors(graph: Graph, names: set[str]) -> Graph:
    wanted = set(names)
    for name in reversed(graph):  # children first, so that one pass reaches every ancestor
        if name in wanted:
            wanted |= graph[name].parents
    return {name: stage for name, stage in graph.items() if name in wanted}


def schedule(
    plan: Plan, jobs: int, start: Callable[[StageNode], None], wait: Callable[[], str], stopped: Callable[[], object]
) -> None:
    """Start every stage of a plan once its parents have finished, the longest way to the end first.

    At most `jobs` stale stages run side by side; fresh ones, and those that other machines do, cost next to nothing and
    are started at once. `wait` waits for any started stage and returns its name. Once `stopped`, no further one is
    started, and those under way are waited for. Prefect's task runners start what was submitted first, and let tasks
    that wait for others take up places.
    """
    heights = dict.fromkeys(plan.stages, 0)  # stale stages on the longest way from each stage to the end of the graph
    for name in reversed(plan.stages):
        heights[name] += name in plan.stale
        for parent in plan.stages[name].parents:
            heights[parent] = max(heights[parent], heights[name])
    here = plan.stale - plan.elsewhere
    sorter = TopologicalSorter({name: stage.parents for name, stage in plan.stages.items()})
    sorter.prepare()
    queue: list[tuple[bool, int, str]] = []
    running: set[str] = set()
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(queue, (name in here, -heights[name], name))
        while queue and not stopped() and (queue[0][-1] not in here or len(running & here) < jobs):
            running.add(name := heappop(queue)[-1])
            start(plan.stages[name])
        if not running:
            return
        running.remove(name := wait())
        sorter.done(name)
