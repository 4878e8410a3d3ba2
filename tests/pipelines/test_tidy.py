"""What is freed, and above all what is not; and whether a run has room."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.states import Completed, Running

from pipelines import disk, graph, plan, tidy
from pipelines.__main__ import main
from pipelines.commands import PipelineError
from pipelines.flow import pipeline, workspace_tag
from pipelines.settings import FlowSettings, ServerSettings

from .conftest import Workspace, work
from .verdicts import judging, says


def cached(root: Path) -> set[Path]:
    return {path for path in (root / ".dvc" / "cache" / "files").rglob("*") if path.is_file()}


def raw(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (root / "raw").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def _used(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("used") / "workspace"
    shutil.copytree(_template, root)
    workspace = Workspace(root)
    judging(workspace, "a", "b")
    for name in "ab":
        says(workspace, name, "0")
    workspace.dvc("repro", "--quiet")
    workspace.git("add", ".")
    workspace.git("commit", "--quiet", "--message", "A run")
    says(workspace, "a", "+")
    workspace.dvc("exp", "run", "--quiet", "--name", "tried")
    for without in (0.1, 0.2, 0.3):
        says(workspace, "a", "-", without=without)
        workspace.dvc("repro", "--quiet")
    return root


@pytest.fixture
def used(_used: Path, copy_of: Callable[[Path], Workspace]) -> Workspace:
    """Give a workspace with a commit, an experiment, and three runs of which the last one stands."""
    return copy_of(_used)


@pytest.mark.usefixtures("server")
def test_the_cache_keeps_commits_experiments_and_the_workspace(
    used: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    before, mine = cached(used.root), raw(used.root)
    assert main(["tidy", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "in DVC's cache: 2 files that no commit, no experiment and not the workspace names" in told
    assert told.startswith("Would free ")
    assert cached(used.root) == before
    assert main(["tidy"]) == 0
    assert capsys.readouterr().out.startswith("Frees ")
    assert len(before - cached(used.root)) == 2
    assert raw(used.root) == mine
    assert main(["tidy"]) == 0
    assert capsys.readouterr().out.endswith("free, and nothing to tidy\n")
    assert "Data and pipelines are up to date." in used.dvc("status")
    for commit in (used.git("rev-parse", "HEAD").strip(), used.dvc("exp", "list", "--sha-only").strip()):
        used.git("checkout", "--quiet", "--force", commit)
        used.dvc("checkout")  # fails where the cache lacks anything


def test_a_cache_elsewhere_is_left_alone(used: Workspace, tmp_path: Path, server: str) -> None:
    del server
    shutil.move(used.root / ".dvc" / "cache", tmp_path / "common")
    used.dvc("cache", "dir", "--local", str(tmp_path / "common"))
    finds, left = tidy.find(used.root, FlowSettings(), ["nobody"])
    assert finds == []
    assert left[0].startswith(f"DVC's cache {tmp_path}/common, which is not in this folder")


def test_a_file_that_is_but_a_link_to_what_would_go_stops_it(used: Workspace) -> None:
    made = used.lock()["judge@a"]["outs"][0]["md5"]
    going = used.root / ".dvc" / "cache" / "files" / "md5" / made[:2] / made[2:]
    (used.root / "raw" / "linked.json").symlink_to(going)
    says(used, "a", "0", without=0.4)
    used.dvc("repro", "--quiet")
    with pytest.raises(PipelineError, match=r"raw/linked\.json is a link into DVC's cache.*nothing was freed"):
        tidy.find(used.root, FlowSettings(), ["nobody"])


def test_scratch_of_a_removed_dataset_goes_and_that_of_others_stays(used: Workspace, server: str) -> None:
    del server
    gone = ["scratch/b/gan.safetensors", "scratch/tune/b/recipe/journal.log", "scratch/costs/judge@b-gan.json"]
    kept = ["scratch/a/gan.safetensors", "scratch/tune/a/x", "scratch/costs/judge@a.json", "scratch/mine/x", "raw/b/x"]
    for name in gone + kept:
        (used.root / name).parent.mkdir(parents=True, exist_ok=True)
        (used.root / name).write_text("12345")
    used.params(datasets={"a": {"steps": 1}})
    finds, _ = tidy.find(used.root, FlowSettings(), ["nobody"])
    scratch = [each for each in finds if "scratch/" in each.what]
    assert [each.what.split(":")[0] for each in scratch] == [
        "5 bytes in scratch/b",
        "5 bytes in scratch/tune/b",
        "5 bytes in scratch/costs/judge@b-gan.json",
    ]
    for each in scratch:
        each.free()
    assert [name for name in gone + kept if (used.root / name).exists()] == kept
    used.params(datasets=["a"])
    with pytest.raises(PipelineError, match="datasets: expected a mapping, so nothing was freed"):
        tidy.find(used.root, FlowSettings(), ["nobody"])


def test_old_runs_of_this_workspace_go(workspace: Workspace, server: str) -> None:
    del server
    workspace.params(datasets={})
    tag = workspace_tag(workspace.root)
    with get_client(sync_client=True) as client:

        def made(tag: str, state: State[Any]) -> UUID:
            return client.create_flow_run(pipeline, state=state, tags=[tag]).id

        mine, others = made(tag, Completed()), [made("else", Completed()), made(tag, Running())]
        assert tidy.find(workspace.root, FlowSettings(), [tag])[0] == [], "none is old enough"
        at_once = FlowSettings(server=ServerSettings.model_construct(keep_days=0))
        (found,), _ = tidy.find(workspace.root, at_once, [tag])
        assert found.what.startswith("1 runs on the Prefect server that ended more than 0 days ago")
        found.free()
        left = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [mine, *others]}}))
    assert {run.id for run in left} == set(others)


def test_room_is_told_before_a_run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    write = {"cmd": "head -c ${item.size} /dev/zero > ${item.name}-${item.size}", "outs": ["${item.name}-${item.size}"]}
    matrix = {"matrix": {"name": ["x", "y"], "size": [300_000]}}
    workspace.stages(fill={**matrix, **write}, other=work(write="other.txt"))
    workspace.dvc("repro", "--quiet", "fill@x-300000")
    (workspace.root / "x-300000").unlink()
    planned = plan.make(graph.read(workspace.root))

    def with_free(free: int) -> tuple[bool, str]:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        return disk.outlook(workspace.root, planned)

    needed = "the stages to run need about 900 kB of it, not counting 1 that never ran"  # 1 × known, 2 × alike
    assert with_free(2_000_000) == (True, f"Disk: 2.0 MB free, {needed}: what these put out nobody knows yet.")
    enough, told = with_free(800_000)
    assert not enough
    assert told.endswith("it will not do: `make tidy` may free some.")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (25_000_000, "25 MB"), (3e15, "3000 TB")]
)
def test_sizes(count: float, text: str) -> None:
    assert disk.size(count) == text
