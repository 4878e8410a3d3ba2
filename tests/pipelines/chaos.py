"""Injects one fault at a random moment of a run; what comes after must be as if nothing had happened."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from pipelines.workspace import mend, mend_lock, mend_readers

from .conftest import Workspace, work
from .processes import eventually, named, working_in

OUTPUT_LENGTH = 64  # of what a test stage writes
Fault = Callable[[Workspace, subprocess.Popen[str], random.Random], None]


def build(workspace: Workspace, jobs: int = 3) -> None:
    """Make a graph of eight stages: two chains, a join, outputs in the cache and one that is not."""
    workspace.params(datasets=["a", "b"], flow={"jobs": jobs, "stop_grace_s": 1.0})
    workspace.stages(
        prepare={
            "matrix": {"dataset": "${datasets}"},
            **work(write="${item.dataset}.txt", extra="--sleep 0.1"),
        },
        train={
            "matrix": {"dataset": "${datasets}", "arm": ["x", "y"]},
            **work("${item.dataset}.txt", "${item.dataset}-${item.arm}.txt", "--sleep 0.3 --child"),
        },
        report={
            **work("a-x.txt a-y.txt b-x.txt b-y.txt", "report.md", "--sleep 0.1"),
            "outs": [{"report.md": {"cache": False}}],
        },
    )


def to_flow(number: signal.Signals) -> Fault:
    """Send a signal to the flow."""
    return lambda workspace, flow, chance: flow.send_signal(number)  # noqa: ARG005


def kill_process(name: str) -> Fault:
    """Kill one process of the workspace that has this name, as soon as there is one."""

    def kill(workspace: Workspace, flow: subprocess.Popen[str], chance: random.Random) -> None:
        while flow.poll() is None:
            if found := named(name, workspace.root):
                with suppress(psutil.Error):
                    chance.choice(found).kill()
                return
            time.sleep(0.005)

    return kill


def kill_all(workspace: Workspace, flow: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill everything at once, as a power cut or the end of a container would: frozen, nothing starts another one."""
    del chance
    found, frozen = {psutil.Process(flow.pid)}, set[psutil.Process]()
    while found:
        for process in found:
            with suppress(psutil.Error):
                process.suspend()
        frozen |= found
        found = set(working_in(workspace.root)) - frozen
    for process in frozen:
        with suppress(psutil.Error):
            process.kill()


def kill_one_by_one(workspace: Workspace, flow: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill everything in any order, so that what guards a stage may die before it and leave it at work.

    Nobody is left then to stop it; what the next run does first must.
    """
    for process in [psutil.Process(flow.pid), *chance.sample(found := working_in(workspace.root), len(found))]:
        with suppress(psutil.Error):
            process.kill()
    mend(workspace.root)


def crash_and_cut_lock(workspace: Workspace, flow: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill everything, and cut dvc.lock as a DVC killed while it writes would."""
    kill_all(workspace, flow, chance)
    _cut(workspace, "dvc.lock", chance)


def crash_and_cut_table(workspace: Workspace, flow: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill everything, and leave the table of readers cut, or with a number that went to another process."""
    kill_all(workspace, flow, chance)
    table = workspace.root / ".dvc" / "tmp" / "rwlock"
    stale = {"write": {str(workspace.root / "a.txt"): {"pid": os.getpid(), "cmd": "dvc repro"}}, "read": {}}
    table.write_text(json.dumps(stale))
    if chance.random() < 0.5:
        _cut(workspace, ".dvc/tmp/rwlock", chance)


def second_flow(workspace: Workspace, flow: subprocess.Popen[str], chance: random.Random) -> None:
    """Start another flow in the same workspace: it does nothing and says so, or ends the work."""
    del flow, chance
    second = workspace.flow("run")
    assert any(word in second.stderr for word in ("is at work in", "cached", "ran")), second.stderr


FAULTS: dict[str, Fault] = {
    "SIGINT": to_flow(signal.SIGINT),
    "SIGTERM": to_flow(signal.SIGTERM),
    "SIGKILL of the flow": to_flow(signal.SIGKILL),
    "SIGKILL of a guard": kill_process("guard.py"),
    "SIGKILL of a DVC": kill_process("dvc"),
    "SIGKILL of a stage": kill_process("work.py"),
    "SIGKILL of all": kill_all,
    "SIGKILL of one after the other": kill_one_by_one,
    "dvc.lock cut": crash_and_cut_lock,
    "rwlock cut or stale": crash_and_cut_table,
    "two flows": second_flow,
}


def inject(workspace: Workspace, fault: Fault, chance: random.Random, longest_s: float) -> None:
    """Start a flow, let the fault happen at a random moment, and see what must hold right after it.

    Args:
        workspace: Where; its stages may be in any state.
        fault: What happens.
        chance: Where all randomness comes from.
        longest_s: The moment is drawn from the time between the flow's claim of the workspace and this.
    """
    claimed = workspace.root / ".dvc" / "tmp" / "flow" / "lock"
    with suppress(FileNotFoundError):
        claimed.unlink()
    with workspace.start("run", "--force") as flow:
        eventually(lambda: flow.poll() is not None or claimed.exists(), 40)
        time.sleep(chance.uniform(0, longest_s))
        fault(workspace, flow, chance)
        flow.communicate(timeout=60)
    try:
        eventually(lambda: working_in(workspace.root) == [])
    except AssertionError as error:
        raise AssertionError(f"still at work: {working_in(workspace.root)}") from error
    _nothing_is_marked_done_that_was_not(workspace)


def _nothing_is_marked_done_that_was_not(workspace: Workspace) -> None:
    """Once mended as the next run mends it, DVC works and knows every half-written output to be stale.

    Mended is a copy, so that the next run still has everything to mend by itself.
    """
    copy = Workspace(workspace.root.with_name(f"{workspace.root.name}-copy"))
    shutil.copytree(workspace.root, copy.root)
    mend_readers(copy.root)
    mend_lock(copy.root)
    status = copy.call("status")
    assert status.returncode == 0, f"DVC refuses to work in what was mended: {status.stderr}"
    for out in [*copy.root.glob("[ab]*.txt"), *copy.root.glob("report.md")]:
        if len(out.read_text()) != OUTPUT_LENGTH:
            assert out.name in status.stdout, f"half-written {out.name} counts as done"
    shutil.rmtree(copy.root)


def _cut(workspace: Workspace, name: str, chance: random.Random) -> None:
    file = workspace.root / name
    if file.exists():
        content = file.read_bytes()
        file.write_bytes(content[: chance.randrange(len(content) or 1)])


def play(workspace: Workspace, hand: list[str], chance: random.Random, undisturbed: dict[str, Any]) -> None:
    """Inject one fault after the other, each into a run of everything, then let one run end in peace.

    Raises:
        AssertionError: Something is not as in an undisturbed run; the faults so far are named.
    """
    for number, name in enumerate(hand, 1):
        try:
            inject(workspace, FAULTS[name], chance, longest_s=6.0)
        except Exception as error:
            raise AssertionError(f"after {hand[:number]}: {error}") from error
    final = workspace.flow("run")
    assert final.returncode == 0, f"after {hand}: {final.stderr}"
    assert workspace.lock() == undisturbed, f"after {hand}"
    assert "up to date" in workspace.dvc("status")
    assert len((workspace.root / "report.md").read_text()) == OUTPUT_LENGTH
