"""The graph is what DVC says it is."""

import pytest

from pipelines import graph
from pipelines.commands import PipelineError
from pipelines.graph import NAME

from .conftest import Workspace, work


def test_stages_edges_and_axes_come_from_dvc(diamond: Workspace) -> None:
    found = graph.read(diamond.root)
    assert {name: sorted(stage.parents) for name, stage in found.items()} == {
        "prepare@a": [],
        "prepare@b": [],
        "train@a-x": ["prepare@a"],
        "train@a-y": ["prepare@a"],
        "train@b-x": ["prepare@b"],
        "train@b-y": ["prepare@b"],
        "report": ["train@a-x", "train@a-y", "train@b-x", "train@b-y"],
    }
    assert found["train@b-y"].axes == {"dataset": "b", "arm": "y"}
    assert (
        found["train@b-y"].command
        == "python work.py --read ${item.dataset}.txt --write ${item.dataset}-${item.arm}.txt "
    )
    assert list(found).index("prepare@a") < list(found).index("train@a-x") < list(found).index("report")


def test_changes_are_told_until_dvc_repro_has_run(diamond: Workspace) -> None:
    before = graph.read(diamond.root)
    assert '"changed outs": {"a.txt": "deleted"}' in before["prepare@a"].changes
    diamond.dvc("repro", "--quiet")
    diamond.params(datasets={"a": {"n": 1}, "b": {"n": 3}})
    changed = {name: stage.changes for name, stage in graph.read(diamond.root).items()}
    assert changed.pop("prepare@b") == '[{"changed deps": {"params.yaml": {"datasets.b": "modified"}}}]'
    assert set(changed.values()) == {""}


def test_of_a_part_and_what_it_depends_on_alone_changes_are_asked(diamond: Workspace) -> None:
    found = graph.read(diamond.root, lambda whole: {name for name in whole if name.startswith("train@a")})
    assert {name for name, stage in found.items() if stage.changes} == {"prepare@a", "train@a-x", "train@a-y"}
    whole = graph.read(diamond.root)
    assert list(found) == list(whole)
    assert found["train@a-x"].changes == whole["train@a-x"].changes


def test_of_no_part_nothing_is_asked(diamond: Workspace) -> None:
    assert not any(stage.changes for stage in graph.read(diamond.root, lambda _: ()).values())


def test_a_workspace_without_stages_has_an_empty_graph(workspace: Workspace) -> None:
    assert graph.read(workspace.root) == {}


def test_data_sources_subfolders_and_foreach_are_found(workspace: Workspace) -> None:
    (workspace.root / "raw.txt").write_text("raw")
    workspace.dvc("add", "--quiet", "raw.txt")
    (workspace.root / "sub").mkdir()
    (workspace.root / "sub" / "dvc.yaml").write_text(
        "stages:\n  deep:\n    cmd: cp ../raw.txt raw.txt\n    deps: [../raw.txt]\n    outs: [raw.txt]\n"
    )
    workspace.stages(
        each={
            "foreach": ["a", "b-c"],
            "do": {**work("raw.txt", "${item}.txt"), "meta": {"flow": {"retries": 3}}},
        },
        owned={**work("a.txt", "owned.txt"), "meta": {"owner": "somebody"}},
    )
    found = graph.read(workspace.root)
    assert set(found) == {"raw.txt.dvc", "sub/dvc.yaml:deep", "each@a", "each@b-c", "owned"}
    assert found["sub/dvc.yaml:deep"].parents == {"raw.txt.dvc"}
    assert found["each@a"].hints.retries == 3


def test_wrong_hint_names_stage_key_and_value(workspace: Workspace) -> None:
    workspace.stages(one={**work(write="one.txt"), "meta": {"flow": {"timeout": 3}}})
    with pytest.raises(
        PipelineError, match=r"stage one: meta\.flow\.timeout: unknown key, expected one of timeout_s, .* \(got 3\)"
    ):
        graph.read(workspace.root)


def test_hints_that_are_no_mapping_are_refused(workspace: Workspace) -> None:
    workspace.stages(one={**work(write="one.txt"), "meta": {"flow": 3}})
    with pytest.raises(PipelineError, match=r"stage one: meta\.flow: Input should be a valid dictionary.*\(got 3\)"):
        graph.read(workspace.root)


def test_dvcs_own_message_is_in_the_error(workspace: Workspace) -> None:
    (workspace.root / "dvc.yaml").write_text("stages: {one: {comand: echo}}")
    with pytest.raises(PipelineError, match=r"(?s)`dvc .*dag --dot` in .* failed: .*dvc\.yaml"):
        graph.read(workspace.root)


HOSTILE = {"mix": {"matrix": {"mix": "${mixes}"}, "cmd": "echo ${item.mix}; touch gotcha", "deps": ["work.py"]}}


@pytest.mark.usefixtures("server")
def test_a_name_that_a_shell_would_read_begins_no_run(workspace: Workspace) -> None:
    workspace.params(mixes={"good": 1, "a|touch gotcha": 2})
    workspace.stages(one=work(write="one.txt"), **HOSTILE)
    refused = workspace.flow("run")
    assert refused.returncode == 65
    assert (
        "error: stage 'mix@a|touch gotcha' of dvc.yaml, named after params.yaml: "
        "expected letters, digits and _, with a single . or - between them; nothing was run"
    ) in refused.stderr
    assert not (workspace.root / "gotcha").exists()
    assert workspace.ran() == []


def test_a_name_with_a_quote_in_a_list_is_refused(workspace: Workspace) -> None:
    workspace.params(mixes=["good", 'a"\nb'])
    workspace.stages(**HOSTILE)
    with pytest.raises(PipelineError, match=r"of dvc\.yaml, named after params\.yaml: expected letters, digits and _"):
        graph.read(workspace.root)


@pytest.mark.parametrize("name", ["a;b", "$(a)", "a b", "a/b", "..", "a..b", "--help", "a--b", "-", "a\n", "'", ""])
def test_names_for_no_command_and_no_path(name: str) -> None:
    assert not NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["merged", "long_tail", "digits-gan", "v1.2", "größe", "3"])
def test_names_that_projects_use(name: str) -> None:
    assert NAME.fullmatch(name)
