"""What a worker does: one stage of somebody else's workspace, at a commit, in a clone of its own."""

import platform
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed
from prefect.variables import Variable
from pydantic import Field

from pipelines import experiments, private, settings, storage, workspace
from pipelines.artifacts import key
from pipelines.commands import PipelineError, dvc, git
from pipelines.graph import StageNode
from pipelines.tasks import OnLine, StageError, Stop, run, stoppable

FLOW = "stage"
ALIVE, _ALIVE_S = "still at work", 20.0  # what it says while its stage is silent, and how often
_POLL_S = 1.0

Name = Annotated[str, Field(pattern=r"^\w+([.@-]\w+)*$")]  # of a stage: it becomes a folder, and a word of commands
Target = Annotated[str, Field(pattern=r"^[^-]")]  # of DVC's: no option
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$")]


def ref_of(commit: str) -> str:
    """Name the ref under which a commit travels."""
    return f"refs/flow/{commit}"


@flow(name=FLOW, persist_result=False)
def stage(name: Name, commit: Commit, parents: list[Target], pool: str, timeout_s: float | None = None) -> State[Any]:
    """Run one stage as it is at a commit, for DVC's run-cache to have it. `pipelines.pools` asks for it.

    Args:
        name: Of the stage, as DVC has it.
        commit: What to run it on; `origin` has it under `refs/flow/`.
        parents: Stages whose outputs it reads.
        pool: The work pool.
        timeout_s: After that it is stopped.
    """
    root, log = Path.cwd(), get_run_logger()
    stop = Stop(settings.load(root).stop_grace_s)
    node = StageNode(name, frozenset(parents), "", {}, settings.StageHints(timeout_s=timeout_s))
    try:
        with stoppable(stop), _in_touch(UUID(flow_run.id), lambda: log.info(ALIVE), stop):
            log.info("on %s: %s", socket.gethostname(), machine())
            did = _do(root, node, commit, pool, stop, lambda line: log.info("%s", line))
    except (PipelineError, StageError, OSError) as error:
        return Cancelled(message=str(error)) if stop.why else Failed(message=str(error))
    return Completed(message=did)


def _do(root: Path, node: StageNode, commit: str, pool: str, stop: Stop, on_line: OnLine) -> str:
    place = root / ".dvc" / "tmp" / "worker" / node.name
    with ExitStack() as held:
        lock = _claim(held, place, stop)
        workspace.mend(place)
        copy = workspace.run_folder(place) / "copy"
        git(root, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "origin", ref_of(commit))
        where = experiments.clone(root, copy, commit)
        _require_one_kind(where, pool)
        remote = settings.load(where).workers.cache == "remote"
        if remote:
            storage.require(where)
            _have_own_run_cache(where, place / "cache")
        if node.parents:
            dvc(where, "pull" if remote else "checkout", "--force", *sorted(node.parents))
        did = run(node, where, stop, on_line, held=[lock])
        if remote:
            dvc(where, "push", "--run-cache", node.name, refused=private.NOT_PUSHED)
            shutil.rmtree(place / "cache" / "runs", ignore_errors=True)  # until then another attempt restores from it
        shutil.rmtree(copy, ignore_errors=True)
    return did


def _claim(held: ExitStack, place: Path, stop: Stop) -> int:
    """Hold the place of a stage; wait for a run that has it, which may be on its way out."""
    while not stop.is_set():
        try:
            return held.enter_context(workspace.claim(place, str(flow_run.name)))
        except workspace.BusyError:
            time.sleep(_POLL_S)
    raise StageError(f"was not begun: {stop.why}")


def _have_own_run_cache(where: Path, cache: Path) -> None:
    """Give a clone a run-cache of its own beside the common files, as DVC can only push all of one."""
    common = Path(dvc(where, "cache", "dir").strip()) / "files"
    for folder in (common, cache):
        folder.mkdir(parents=True, exist_ok=True)
    if not (cache / "files").is_symlink():
        (cache / "files").symlink_to(common)
    dvc(where, "cache", "dir", "--local", str(cache))


def _require_one_kind(where: Path, pool: str) -> None:
    """Raise PipelineError on a machine of another kind than the pool's first, unless all give the same bytes."""
    if settings.is_portable(where):
        return
    mine, name = machine(), f"machine_of_{key(pool).replace('-', '_')}"
    try:
        Variable.set(name, mine)
    except ValueError:  # there is one
        first = Variable.get(name)
        if first != mine:
            told = f"this machine is {mine}, but pool {pool} began on {first}: they would give different bytes, and one"
            told += " cache would have both. Make a pool for each kind, or set runtime.precision: portable. Where the"
            forget = f"`python -m pipelines prefect variable unset {name}`"
            raise PipelineError(f"{told} first kind is gone for good: {forget}") from None


def machine() -> str:
    """Tell the kind of this machine: its processor and GPUs, by which bytes may differ."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)$", info.read_text() if info.exists() else "", re.MULTILINE)
    cpu = found[1] if found else platform.processor() or platform.machine()
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return cpu
    return " + ".join([cpu, *re.findall(r"^GPU \d+: (.*?)(?: \(UUID.*)?$", listed, re.MULTILINE)])


@contextmanager
def _in_touch(run: UUID, say: Callable[[], None], stop: Stop) -> Iterator[None]:
    """Say now and then that this run is alive, and stop it if the server has it as cancelled or as given up.

    Prefect's own process beside it does that within seconds, but no more once the server was away for a while.
    """
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(_ALIVE_S):
            say()
            with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
                state = client.read_flow_run(run).state
                if state and (state.is_cancelling() or state.is_final()) and not stop.is_set():
                    stop.now("cancelled")

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
