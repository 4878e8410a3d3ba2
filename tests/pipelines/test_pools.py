"""Stages done by a worker in a clone of its own: once, and restored here."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling, Running

from pipelines import graph, plan, pools
from pipelines.commands import PipelineError
from pipelines.flow import REFUSED, pipeline
from pipelines.tasks import RESTORED, Stop
from pipelines.worker import _in_touch, _require_one_kind

from .conftest import REPOSITORY, Workspace, work
from .processes import eventually, named
from .runs import run

FAR, NOBODYS = "far", "nobodys"  # work pools: one with a worker, one without


@pytest.fixture(scope="module")
def client(server: str) -> Iterator[SyncPrefectClient]:
    """Have the two work pools on the server."""
    del server
    with get_client(sync_client=True) as client:
        for pool in FAR, NOBODYS:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        yield client
        for deployment in client.read_deployments():
            client.delete_deployment(deployment.id)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def worker(
    _template: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory, client: SyncPrefectClient
) -> Iterator[Workspace]:
    """Start a worker in a clone of its own; each test names the workspace that it works for."""
    del client
    far = Workspace(tmp_path_factory.mktemp("far") / "clone")
    Workspace(_template).git("clone", "--quiet", str(_template), str(far.root))
    far.dvc("config", "--local", "cache.dir", str(cache))
    (far.root / "pipelines").symlink_to(REPOSITORY / "pipelines")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_WORKER_QUERY_SECONDS", "1")
        process = far.start("prefect", "worker", "start", "--pool", FAR)
    yield far
    process.terminate()
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:  # Prefect's own shutdown, which is not what is tested here
        process.kill()
        process.communicate()


@pytest.fixture
def chain(workspace: Workspace, cache: Path, client: SyncPrefectClient) -> Workspace:
    """Make a workspace with three stages in a row, whose middle one is a worker's."""
    del client
    workspace.dvc("config", "--local", "cache.dir", str(cache))
    settle(workspace, FAR)
    return workspace


def settle(
    workspace: Workspace, pool: str, extra: str = "", hints: dict[str, int] | None = None, **workers: Any
) -> None:
    workspace.params(flow={"pools": {"slow": pool}, "workers": workers, "stop_grace_s": 1.0})
    slow = {**work("1.txt", "2.txt", extra), "meta": {"flow": hints or {}}}
    workspace.stages(first=work(write="1.txt"), slow=slow, last=work("2.txt", "3.txt"))


def runs(client: SyncPrefectClient, *states: str) -> list[FlowRun]:
    """Read the runs that were for a worker and are in one of these states."""
    chosen = {"state": {"name": {"any_": list(states)}}}
    flow = {"name": {"any_": ["stage"]}}
    return client.read_flow_runs(
        flow_filter=FlowFilter.model_validate(flow), flow_run_filter=FlowRunFilter.model_validate(chosen)
    )


def test_a_worker_does_a_stage_once_and_it_is_restored_here(
    chain: Workspace, worker: Workspace, client: SyncPrefectClient
) -> None:
    worker.git("remote", "set-url", "origin", str(chain.root))
    (chain.root / "edited.txt").write_text("not committed")
    assert run().message == "3 ran"
    assert chain.ran() == ["first", "last"]
    assert "up to date" in chain.dvc("status")
    assert chain.git("log", "--all", "--format=%s").split() == ["Begin"], "the commit for the worker is gone"
    assert "?? edited.txt" in chain.git("status", "--porcelain")
    assert [each.name for each in runs(client, "Completed")] == ["slow"]
    assert list((worker.root / ".dvc" / "tmp" / "worker" / "slow").rglob("*.txt")) == []


def test_without_a_common_disk_commits_go_by_a_git_remote_and_data_by_a_dvc_remote(
    chain: Workspace, worker: Workspace, client: SyncPrefectClient, tmp_path: Path
) -> None:
    hub = str(tmp_path / "hub")
    chain.git("init", "--quiet", "--bare", hub)
    chain.git("remote", "add", "hub", hub)
    worker.git("remote", "set-url", "origin", hub)
    chain.dvc("config", "--local", "--unset", "cache.dir")
    chain.dvc("remote", "add", "--default", "store", str(tmp_path / "store"))
    settle(chain, FAR, "--sleep 0.3", cache="remote", git="hub")
    before = len(runs(client, "Completed"))
    state = run(stages=["slow"], overrides=["+changed=1"])
    assert state.message == "2 ran"
    assert len(chain.dvc("exp", "list", "--name-only").split()) == 1
    assert len(runs(client, "Completed")) == before + 1
    assert chain.git("ls-remote", "hub") == ""
    entries = [file for file in (tmp_path / "store" / "runs").rglob("*") if file.is_file()]
    assert len(entries) == 1, "of all that the worker's cache has, this stage alone is pushed"


def test_what_a_worker_made_and_could_not_push_is_pushed_by_the_next_attempt(
    chain: Workspace, worker: Workspace, client: SyncPrefectClient, tmp_path: Path
) -> None:
    worker.git("remote", "set-url", "origin", str(chain.root))
    chain.dvc("remote", "add", "--default", "store", str(tmp_path / "store"))
    settle(chain, FAR, "--sleep 0.1", cache="remote")
    chain.dvc("config", "--local", "cache.dir", str(tmp_path / "own"))
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "runs").touch()  # where a folder of the run-cache would be
    message = str(run(stages=["slow"]).message)
    assert "push --run-cache slow` in" in message
    assert str(tmp_path / "store" / "runs") in message
    (tmp_path / "store" / "runs").unlink()
    assert run(stages=["slow"]).is_completed()
    last = max(runs(client, "Completed"), key=lambda each: str(each.end_time))
    assert str(last.state and last.state.message) == RESTORED


def test_a_killed_worker_is_replaced_and_a_cancelled_run_stops_its_stage_there(
    chain: Workspace, worker: Workspace, client: SyncPrefectClient
) -> None:
    worker.git("remote", "set-url", "origin", str(chain.root))
    settle(chain, FAR, "--sleep 60 --child --stubborn", {"retries": 1})

    def kill_and_interrupt() -> None:
        eventually(lambda: named("work.py", worker.root), 120)
        (first,) = named("work.py", worker.root)
        named("guard.py", worker.root)[0].parent().kill()
        eventually(lambda: first not in (second := named("work.py", worker.root)) and second, 120)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=kill_and_interrupt, daemon=True).start()
    state = run()
    assert str(state.message).startswith("stopped by SIGTERM; 1 ")
    assert named("work.py", worker.root) == []
    assert [each.name for each in runs(client, "Crashed", "Cancelled")] == ["slow", "slow"]
    assert chain.ran().count("slow") == 0


def test_what_cannot_be_done_elsewhere_is_refused_with_all_reasons(workspace: Workspace) -> None:
    workspace.stages(
        plain=work(write="1.txt"),
        kept={**work("1.txt"), "outs": [{"2.txt": {"cache": False}}], "metrics": [{"3.json": {"persist": True}}]},
        free={"cmd": "true", "outs": ["4.txt"], "always_changed": True},
        alone={"cmd": "true", "deps": ["work.py"]},
    )
    found = graph.read(workspace.root)
    planned = plan.make(found)
    wanted = {"[!p]*": "far", "slow": "far"}
    with pytest.raises(PipelineError) as caught:
        pools.assign(found, planned, wanted, force=False)
    told = "so its outputs would never come back: it must stay here"
    assert sorted(str(caught.value).removeprefix("params.yaml: flow.pools: ").split("; ")) == [
        f"alone has no outputs, {told}",
        f"free has no dependencies, has `always_changed: true`, {told}",
        f"kept has an output with `cache: false`, has an output with `persist: true`, {told}",
        "nothing was run",
        "slow fits no stage of dvc.yaml",
    ]
    assert pools.assign(found, planned, {"pl*": "far", "plain": "near"}, force=False) == {"plain": "far"}
    assert pools.assign(found, planned, {}, force=True) == {}
    with pytest.raises(PipelineError, match=r"^plain: forced, but what a worker makes comes back"):
        pools.assign(found, planned, {"plain": "far"}, force=True)


def test_a_pool_that_the_server_lacks_is_refused_and_how_to_make_it_is_said(chain: Workspace) -> None:
    settle(chain, "nowhere")
    state = run()
    assert state.name == REFUSED
    assert "has no work pool nowhere; make it with `python -m pipelines prefect work-pool create" in str(state.message)
    settle(chain, FAR, cache="remote")
    assert "flow.workers.cache: remote, but DVC has no default remote" in str(run().message)
    assert chain.ran() == []


def test_machines_of_different_kinds_do_not_share_a_pool_unless_bytes_are_portable(
    chain: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    require = partial(_require_one_kind, chain.root, "Mixed-pool")
    require()
    require()
    monkeypatch.setattr("pipelines.worker.machine", lambda: "another processor")
    with pytest.raises(PipelineError, match=r"is another processor, but pool .* began on .* unset machine_of_m"):
        require()
    chain.params(runtime={"precision": "portable"})
    require()


def test_a_worker_stops_what_the_server_has_as_cancelled_even_if_prefect_does_not_tell_it(
    client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.worker._ALIVE_S", 0.1)
    under_way, stop, said = client.create_flow_run(pipeline, state=Running()), Stop(1.0), list[str]()
    with _in_touch(under_way.id, lambda: said.append("alive"), stop):
        eventually(lambda: len(said) > 1)
        assert not stop.is_set()
        client.set_flow_run_state(under_way.id, Cancelling())
        eventually(stop.is_set)
    assert stop.why == "cancelled"
    assert not stop.again


def test_where_no_worker_comes_the_stage_fails_and_says_so(chain: Workspace, client: SyncPrefectClient) -> None:
    settle(chain, NOBODYS, "--sleep 0.2", timeout_s=2)
    message = str(run().message)
    assert "stage slow (pool nobodys) was not begun: there was no worker for 2 s (flow.workers.timeout" in message
    assert "worker start --pool nobodys`; it is stopped" in message
    assert not [each for each in runs(client, "Scheduled", "Late") if each.name == "slow"]
    assert chain.git("for-each-ref", "refs/flow") == ""


def test_a_worker_that_falls_silent_is_given_up_and_the_next_run_ends_what_it_left(
    chain: Workspace, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(chain, NOBODYS, "--sleep 0.2", timeout_s=4)

    def pretend() -> None:  # that a worker has begun it
        eventually(lambda: runs(client, "Scheduled"), 60)
        client.set_flow_run_state(runs(client, "Scheduled")[0].id, Running(), force=True)

    threading.Thread(target=pretend, daemon=True).start()
    message = str(run().message)
    assert "slow (pool nobodys) was given up: nothing was heard of its worker for 4 s (flow.workers.time" in message
    assert "; run again, or give the stage `retries`, for another worker to do it; " in message
    assert "told to stop, but has not answered" in message
    (left,) = runs(client, "Cancelling")
    with monkeypatch.context() as patch:
        patch.setattr(pools, "_STOPPING_S", 0)
        chain.params(flow={"pools": {"slow": NOBODYS}, "workers": {"timeout_s": 1}})
        run()
    assert client.read_flow_run(left.id).state_name == "Crashed"
