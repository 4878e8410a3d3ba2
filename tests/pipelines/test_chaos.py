"""Killed at random moments, the pipeline ends as if nothing had happened."""

import itertools
import os
import random
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines import guard
from pipelines.commands import DVC

from . import chaos
from .conftest import Workspace, environment
from .processes import working_in

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "11"))  # one of each kind of fault; benchmarks/flow_chaos.py does more


@pytest.fixture
def undisturbed(workspace: Workspace) -> dict[str, Any]:
    """Build the graph, run it with DVC alone, and return what dvc.lock must be in the end."""
    chaos.build(workspace)
    copy = Workspace(workspace.root.with_name("undisturbed"))
    shutil.copytree(workspace.root, copy.root)
    # Under a guard, because DVC alone would leave the stages' grandchildren behind, and this test waiting.
    command = [sys.executable, guard.__file__, "inf", "10", *DVC, "repro"]
    with subprocess.Popen(
        command, cwd=copy.root, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as repro:
        assert repro.wait(60) == 0
    return copy.lock()


@pytest.mark.usefixtures("server")
def test_after_any_fault_the_next_run_ends_like_an_undisturbed_one(
    workspace: Workspace, undisturbed: dict[str, Any]
) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "0"))
    deck = [name for _, name in zip(range(ROUNDS), itertools.cycle(chaos.FAULTS), strict=False)]
    random.Random(seed).shuffle(deck)  # noqa: S311 - chance, not secrecy

    def play(hand: list[str], root: Path) -> None:
        shutil.copytree(workspace.root, root)
        try:
            chaos.play(Workspace(root), hand, random.Random(f"{seed}{root.name}"), undisturbed)  # noqa: S311
        except Exception as error:
            raise AssertionError(f"with CHAOS_SEED={seed}, in {root.name}: {error}") from error

    with ThreadPoolExecutor(2) as pool:
        hands = [deck[::2], deck[1::2]]
        for played in [
            pool.submit(play, hand, workspace.root.with_name(f"hand{number}")) for number, hand in enumerate(hands)
        ]:
            played.result()


@pytest.mark.usefixtures("server")
def test_a_full_disk_is_told_and_leaves_nothing_broken(workspace: Workspace, undisturbed: dict[str, Any]) -> None:
    full = len((workspace.root.with_name("undisturbed") / "dvc.lock").read_bytes()) // 2
    failed = subprocess.run(
        [sys.executable, "-m", "pipelines", "run"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (full, full)),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert failed.returncode in {1, 65}, "a failed run, or none, because DVC has no room for its own databases"
    assert "File too large" in failed.stderr or "disk I/O error" in failed.stderr
    assert working_in(workspace.root) == []
    again = workspace.flow("run")
    assert again.returncode == 0, again.stderr
    assert workspace.lock() == undisturbed
