"""Stages done by other machines: the workers of Prefect's work pools do them, DVC's run-cache brings them back.

For each such stage a commit of the workspace as it is, dvc.lock and all, goes to a worker (`pipelines.worker`), which
runs the stage in a clone of its own. Then the workspace's own `dvc repro` finds it in the run-cache and restores it. So
each dvc.lock has one writer, and none is ever merged.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias, cast

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, LogFilter
from prefect.client.schemas.objects import FlowRun, StateType, WorkPoolStatus
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import task_run
from prefect.states import Cancelling, Crashed

from pipelines import experiments, private, storage
from pipelines.commands import PipelineError, dvc, git
from pipelines.graph import Graph, StageNode
from pipelines.plan import Plan
from pipelines.settings import PARAMS_FILE, WorkerSettings
from pipelines.tasks import ABSENT, OnLine, StageError, Stop
from pipelines.worker import ALIVE, FLOW, ref_of

_POLL_S, _STOPPING_S = 1.0, 60.0  # between two looks at a run; for a worker to stop one
_UNDER_WAY = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"]
_PUSH = ("push", "--quiet", "--no-verify")  # without hooks: one of DVC's would push all data
_WORKSPACE = "{{ $PIPELINE_WORKSPACE }}"  # the worker's own, which fills it in
Here: TypeAlias = Callable[..., str]  # `pipelines.tasks.run`, to which the workspace was told already


def assign(graph: Graph, plan: Plan, wanted: Mapping[str, str], force: bool) -> dict[str, str]:
    """Find the pool of each stale stage that has one; of several patterns in `wanted` the first that fits counts.

    Raises PipelineError for a pattern that fits no stage, for stages that the run-cache never has, and where stages are
    forced: those are not restored from it.
    """
    fits = {pattern: [name for name in graph if _fits(name, pattern)] for pattern in wanted}
    wrong = [f"{pattern} fits no stage of dvc.yaml" for pattern, names in fits.items() if not names]
    pool_of: dict[str, str] = {}
    for pattern, names in fits.items():
        pool_of = dict.fromkeys(names, wanted[pattern]) | pool_of
    told = "so its outputs would never come back: it must stay here"
    wrong += [f"{name} {reason}, {told}" for name in pool_of if (reason := graph[name].stays_here)]
    if wrong:
        raise PipelineError(f"{PARAMS_FILE}: flow.pools: {'; '.join(wrong)}; nothing was run")
    found = {name: pool for name, pool in pool_of.items() if name in plan.stale}
    if found and force:
        told = f"{', '.join(found)}: forced, but what a worker makes comes back through DVC's run-cache"
        raise PipelineError(f"{told}, which has it already; leave out --force, or flow.pools in {PARAMS_FILE}")
    return found


def stages_of(tag: str) -> str:
    """Make the tag of the runs that do stages of a workspace, from the workspace's own."""
    return f"stage of {tag}"


def _fits(name: str, pattern: str) -> bool:
    return any(fnmatchcase(each, pattern) for each in (name, name.partition("@")[0]))


@dataclass(frozen=True)
class Pools:
    """Has stages done by the pools that are theirs, and all others here."""

    pool_of: Mapping[str, str]
    here: Here
    root: Path
    where: Path  # the workspace, or its copy with changed settings
    stop: Stop
    workers: WorkerSettings
    tag: str  # of the workspace's runs on the server

    def open(self) -> Iterator[str]:
        """Make the deployments that are needed; stop what workers still do for a run that died, and say so.

        Raises PipelineError for a pool that the server does not have, and for a remote that is not there or lacks its
        extra.
        """
        if not self.pool_of:
            return
        if self.workers.git:
            git(self.root, "remote", "get-url", self.workers.git)
        if self._remote:
            storage.require(self.root)
        with get_client(sync_client=True) as client:
            for pool in dict.fromkeys(self.pool_of.values()):
                _deploy(client, pool)
            of_stages = {"tags": {"all_": [self._tag]}, "state": {"type": {"any_": _UNDER_WAY}}}
            for run in client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(of_stages)):
                yield f"a worker was still to do {run.name}: {self._end(client, run, _STOPPING_S)}"
                self._withdraw(str(run.parameters["commit"]))

    def bring(self, stage: StageNode, on_line: OnLine) -> str:
        """Bring a stage up to date, by its pool unless DVC has it here or it did not change; tell what was done.

        Raises StageError.
        """
        pool = self.pool_of.get(stage.name)
        if not pool:
            return self.here(stage, on_line=on_line)
        if (did := self._restore(stage, on_line)) != ABSENT:
            return did
        did = self._elsewhere(stage, pool, on_line)
        if self._restore(stage, on_line) == ABSENT:
            told = f"(pool {pool}) was done, but DVC finds it neither in its cache here, "
            told += f"{dvc(self.where, 'cache', 'dir').strip()}, nor in a remote"
            raise StageError(f"{told}: docs/flow.md tells what this machine and its workers must have in common")
        return did

    def _restore(self, stage: StageNode, on_line: OnLine) -> str:
        lines: list[str] = []
        did = self.here(stage, on_line=lines.append, words=["--pull"] if self._remote else [], restore=True)
        for line in lines if did != ABSENT else ():
            on_line(line)
        return did

    @property
    def _tag(self) -> str:
        return stages_of(self.tag)

    @property
    def _remote(self) -> bool:
        return self.workers.cache == "remote"

    def _elsewhere(self, stage: StageNode, pool: str, on_line: OnLine) -> str:
        if self._remote and stage.parents:
            dvc(self.where, "push", *stage.parents)
        commit = self._publish(stage)
        try:
            run = run_deployment(
                f"{FLOW}/{pool}",
                parameters={
                    "name": stage.name,
                    "commit": commit,
                    "parents": sorted(stage.parents),
                    "timeout_s": stage.hints.timeout_s,
                    "pool": pool,
                },
                timeout=0,
                flow_run_name=stage.name,
                tags=[self._tag],
                idempotency_key=f"{task_run.id}-{task_run.run_count}",
            )
            with get_client(sync_client=True) as client:
                return self._follow(client, cast(FlowRun, run), pool, on_line)  # no coroutine: nothing here is async
        finally:
            self._withdraw(commit)

    def _publish(self, stage: StageNode) -> str:
        """Make a commit of the workspace as it is, and put it where workers fetch it."""
        with private.excluded(self.where / private.LOCK):  # dvc.lock is whole
            commit = experiments.commit(self.where, f"For a worker to do {stage.name}")
        ref = ref_of(commit)
        git(self.where, *_PUSH, git(self.root, "rev-parse", "--show-toplevel"), f"{commit}:{ref}")
        if self.workers.git:
            git(self.root, *_PUSH, self.workers.git, ref)
        return commit

    def _withdraw(self, commit: str) -> None:
        ref = ref_of(commit)
        git(self.root, "update-ref", "-d", ref, otherwise="")
        if self.workers.git:
            git(self.root, *_PUSH, self.workers.git, f":{ref}", otherwise="")

    def _follow(self, client: SyncPrefectClient, run: FlowRun, pool: str, on_line: OnLine) -> str:
        """Hand on what a run says until it has ended; return its message; raise StageError if it did not succeed."""
        heard, seen, before = time.monotonic(), 0, StateType.SCHEDULED
        while not self.stop.is_set() and time.monotonic() - heard < self.workers.timeout_s:
            time.sleep(_POLL_S)
            try:
                state = client.read_flow_run(run.id).state
                lines = client.read_logs(LogFilter.model_validate({"flow_run_id": {"any_": [run.id]}}), offset=seen)
                ready = before == StateType.SCHEDULED and client.read_work_pool(pool).status == WorkPoolStatus.READY
            except httpx.HTTPError:  # the server is away, perhaps for a moment only
                continue
            for line in lines:
                if line.name == "prefect.flow_runs" and line.message != ALIVE:
                    on_line(line.message)
            if state is None or state.is_final():
                break
            if lines or ready or state.type != before:
                heard = time.monotonic()
            seen, before = seen + len(lines), state.type
        else:
            ended = self._end(client, run, _STOPPING_S if self.stop.is_set() else 0)
            why = f"was stopped: {self.stop.why}" if self.stop.is_set() else self._silence(before, pool)
            raise StageError(f"(pool {pool}) {why}; {ended}")
        if state is None or not state.is_completed():
            raise StageError(f"(pool {pool}) {state.message if state and state.message else 'ended without a word'}")
        return str(state.message)

    def _silence(self, state: StateType, pool: str) -> str:
        since = f"for {self.workers.timeout_s:g} s (flow.workers.timeout_s)"
        if state == StateType.SCHEDULED:
            start = f"`python -m pipelines prefect worker start --pool {pool}`"
            return f"was not begun: there was no worker {since}; start one, in a clone of its own: {start}"
        again = "run again, or give the stage `retries`, for another worker to do it"
        return f"was given up: nothing was heard of its worker {since}; {again}"

    def _end(self, client: SyncPrefectClient, run: FlowRun, within_s: float) -> str:
        """Have a run stopped by its worker, and wait for that; say what came of it."""
        deadline = time.monotonic() + within_s
        try:
            told_before = client.read_flow_run(run.id).state
            client.set_flow_run_state(run.id, Cancelling())  # by which one that nobody has begun is cancelled at once
            while True:
                state = client.read_flow_run(run.id).state
                if state and state.is_final():
                    return "it is stopped"
                if self.stop.again or time.monotonic() > deadline:
                    break
                time.sleep(_POLL_S)
            if told_before and told_before.is_cancelling():
                client.set_flow_run_state(run.id, Crashed(message="Its worker never stopped it."), force=True)
        except httpx.HTTPError as error:
            return f"its worker could not be told to stop ({error})"
        return "its worker is told to stop, but has not answered"


def _deploy(client: SyncPrefectClient, pool: str) -> None:
    try:
        client.read_work_pool(pool)
    except ObjectNotFound as error:
        make = f"`python -m pipelines prefect work-pool create {pool} --type process`"
        told = f"{PARAMS_FILE}: flow.pools: the server at {client.api_url} has no work pool {pool}"
        raise PipelineError(f"{told}; make it with {make}") from error
    client.create_deployment(
        client.create_flow_from_name(FLOW),
        pool,
        work_pool_name=pool,
        entrypoint="pipelines/worker.py:stage",
        pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": _WORKSPACE}}],
        description=f"Does one stage of the DVC pipeline in a clone of a worker of {pool}.",
    )
