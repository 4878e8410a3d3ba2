"""What runs, and in which order; no DVC, no Prefect."""

import random
from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import plan
from pipelines.commands import PipelineError
from pipelines.graph import Graph, StageNode
from pipelines.settings import StageHints


def stage(name: str, *parents: str, changed: bool = False, **axes: str) -> StageNode:
    return StageNode(name, frozenset(parents), "changed" if changed else "", axes, StageHints())


def graph_of(*stages: StageNode) -> Graph:
    return {each.name: each for each in stages}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw an acyclic graph, parents first."""
    found: Graph = {}
    for number in range(draw(st.integers(1, 12))):
        parents = draw(st.sets(st.sampled_from(sorted(found)))) if found else set()
        found[f"s{number:02}"] = stage(f"s{number:02}", *parents, changed=draw(st.booleans()))
    return found


def test_staleness_is_handed_down() -> None:
    found = graph_of(stage("a", changed=True), stage("b", "a"), stage("c", "b"), stage("d"), stage("e", "d"))
    assert plan.make(found).stale == {"a", "b", "c"}


def test_force_makes_everything_selected_stale() -> None:
    found = graph_of(stage("a"), stage("b", "a"), stage("c", "a"))
    assert plan.make(found, stages=["b"], force=True).stale == {"a", "b"}


def test_selection_by_dataset_and_stage_brings_its_ancestors() -> None:
    found = graph_of(
        stage("source"),
        stage("train@a-x", "source", dataset="a", arm="x"),
        stage("train@b-x", "source", dataset="b", arm="x"),
        stage("test@a", "train@a-x", dataset="a"),
        stage("report", "test@a"),
    )
    assert list(plan.make(found, datasets=["a"]).stages) == ["source", "train@a-x", "test@a"]
    assert list(plan.make(found, stages=["train"]).stages) == ["source", "train@a-x", "train@b-x"]
    assert list(plan.make(found, datasets=["b"], stages=["train"]).stages) == ["source", "train@b-x"]
    assert list(plan.make(found, stages=["test@a"]).stages) == ["source", "train@a-x", "test@a"]


def test_one_dataset_does_not_bring_the_others_through_what_compares_all() -> None:
    found = graph_of(
        stage("train@a", dataset="a"),
        stage("train@b", dataset="b"),
        stage("compare", "train@a", "train@b"),
        stage("product@a", "compare", dataset="a"),
    )
    assert list(plan.make(found, datasets=["a"]).stages) == ["train@a"]
    assert list(plan.make(found, datasets=["a", "b"]).stages) == ["train@a", "train@b", "compare", "product@a"]
    assert list(plan.make(found, stages=["product@a"]).stages) == ["train@a", "train@b", "compare", "product@a"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"datasets": ["c"]}, "no dataset c in dvc.yaml; there is a, b"),
        ({"stages": ["train", "tran"]}, "no stage tran in dvc.yaml; there is train, train@a, train@b"),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(wanted: dict[str, list[str]], message: str) -> None:
    found = graph_of(stage("train@a", dataset="a"), stage("train@b", dataset="b"))
    with pytest.raises(PipelineError, match=f"^{message}$"):
        plan.make(found, **wanted)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # threads of Prefect's in this process do
@given(graphs(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_schedule_starts_everything_once_after_its_parents_within_jobs(
    found: Graph, jobs: int, chance: random.Random
) -> None:
    planned = plan.make(found)
    running: list[str] = []
    done: list[str] = []

    def start(each: StageNode) -> None:
        assert each.parents <= set(done)
        running.append(each.name)
        assert len(planned.stale.intersection(running)) <= jobs

    def wait() -> str:
        name = running.pop(chance.randrange(len(running)))
        done.append(name)
        return name

    plan.schedule(planned, jobs, start, wait, lambda: False)
    assert sorted(done) == sorted(found)


def test_the_longest_way_to_the_end_starts_first() -> None:
    found = graph_of(
        stage("alone", changed=True),
        stage("first", changed=True),
        stage("second", "first"),
        stage("third", "second"),
    )
    order: deque[str] = deque()
    started: list[str] = []

    def start(each: StageNode) -> None:
        started.append(each.name)
        order.append(each.name)

    plan.schedule(plan.make(found), 1, start, order.popleft, lambda: False)
    assert started == ["first", "second", "alone", "third"]


def test_stages_that_others_do_take_no_place_here() -> None:
    found = graph_of(*(stage(name, changed=True) for name in ("far1", "far2", "near1", "near2")))
    planned = replace(plan.make(found), elsewhere=frozenset({"far1", "far2"}))
    answers = deque(["near1", "far1", "near2", "far2"])
    started: list[str] = []
    before: list[list[str]] = []

    def wait() -> str:
        before.append(sorted(started))
        return answers.popleft()

    plan.schedule(planned, 1, lambda each: started.append(each.name), wait, lambda: False)
    assert before[0] == ["far1", "far2", "near1"]
    assert sorted(started) == sorted(found)


def test_after_a_stop_nothing_starts_and_what_runs_is_waited_for() -> None:
    found = graph_of(stage("a", changed=True), stage("b", changed=True), stage("c", "a"))
    answers = deque(["b", "a"])
    started: list[str] = []
    plan.schedule(
        plan.make(found), 2, lambda each: started.append(each.name), answers.popleft, lambda: len(started) == 2
    )
    assert started == ["a", "b"]
    assert not answers
