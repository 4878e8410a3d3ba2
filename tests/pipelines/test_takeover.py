"""A workspace is owned by one run, from before the server is up."""

import pytest

from pipelines import takeover
from pipelines.settings import FlowSettings, SettingsError
from pipelines.workspace import BusyError, claim, scratch

from .conftest import Workspace, work


@pytest.fixture
def one(workspace: Workspace) -> Workspace:
    workspace.params(steps=1)
    workspace.stages(one={**work(write="one.txt"), "params": ["steps"]})
    workspace.dvc("repro", "--quiet")
    return workspace


def take(workspace: Workspace, *overrides: str) -> takeover.Owned:
    with takeover.take(workspace.root, FlowSettings(), "late", overrides, lambda: False) as owned:
        return owned


def test_what_was_taken_early_is_what_the_flow_gets(one: Workspace) -> None:
    with takeover.early(one.root, FlowSettings(), "early", ["steps=2"]):
        owned = take(one)
        assert owned.graph["one"].changes == ("changed deps: params.yaml:steps modified",)
        with pytest.raises(BusyError, match="run early"), claim(one.root, "another"):
            pass
    assert (one.root / "params.yaml").read_text() == "steps: 1\n"
    assert take(one).graph["one"].changes == ()


def test_early_leaves_a_busy_workspace_to_the_flow(one: Workspace) -> None:
    with (
        claim(one.root, "first"),
        takeover.early(one.root, FlowSettings(), "early", ()),
        pytest.raises(BusyError, match="run first"),
    ):
        take(one)


def test_what_a_crash_left_is_mended_and_told_once(one: Workspace) -> None:
    (scratch(one.root) / "dvc.lock").write_bytes((one.root / "dvc.lock").read_bytes())
    (one.root / "dvc.lock").write_text("schema: '2")
    (one.root / ".dvc" / "tmp" / "rwlock").write_text('{"write')
    owned = take(one)
    assert [note.partition(":")[0] for note in owned.mended] == [
        "the table .dvc/tmp/rwlock was broken",
        "dvc.lock was broken or gone",
    ]
    assert owned.graph["one"].changes == ()
    assert take(one).mended == ()


def test_a_wrong_override_frees_the_workspace_again(one: Workspace) -> None:
    with pytest.raises(SettingsError, match="overrides"):
        take(one, "stepz=3")
    assert take(one).graph["one"].changes == ()
