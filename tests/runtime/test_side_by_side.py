"""Parts side by side. Each case is a program of its own, for a process with pytest's threads should not be forked."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from augment.runtime.side_by_side import processes

HEAD = """
import os, signal, sys, time
import torch
from augment.core.errors import TrainingError
from augment.runtime.machine import machine
from augment.runtime.progress import TALLY, Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.side_by_side import side_by_side
"""


def program(code: str, cores: int = 2) -> "subprocess.Popen[str]":
    environment = os.environ | {"LOKY_MAX_CPU_COUNT": str(cores), "PYTHONWARNINGS": "error"}
    words = [sys.executable, "-c", HEAD + textwrap.dedent(code)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(words, cwd=root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize(
    ("parts", "threads", "cores", "expected"), [(5, 1, 2, 2), (5, 1, 8, 5), (5, 2, 8, 4), (5, 4, 2, 1), (1, 1, 8, 1)]
)
def test_processes_are_as_many_as_parts_and_cores_allow(
    monkeypatch: pytest.MonkeyPatch, parts: int, threads: int, cores: int, expected: int
) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: cores)
    assert processes(parts, threads) == expected


PARTS = """
def work(part, line):
    for _ in Progress(f"part {part}", 2 + part, quiet=True, capped=True).steps():
        pass
    time.sleep(0.3)  # so that the other process is there, too, before all is done
    return torch.full((2,), part), os.getpid(), line
with machine(RuntimeSpec(device="cpu", precision="fp32")) as where:
    found = side_by_side(work, 4, where)
assert all(torch.equal(tensor, torch.full((2,), part)) for part, (tensor, *_) in enumerate(found))
print(len({pid for _, pid, _ in found} - {os.getpid()}), TALLY.trainings, TALLY.steps, [line for *_, line in found])
"""


@pytest.mark.parametrize(("cores", "others", "lines"), [(2, 2, [0, 1, 0, 1]), (1, 0, [0, 0, 0, 0])])
def test_results_are_in_order_and_the_tally_whole_however_many_processes_there_are(
    cores: int, others: int, lines: list[int]
) -> None:
    out, err = program(PARTS, cores).communicate()
    assert (out, err) == (f"{others} 4 {2 + 3 + 4 + 5} {lines}\n", "")


def test_an_error_is_that_of_the_part_and_ends_the_others() -> None:
    out, err = program("""
        def work(part, line):
            if part == 1:
                raise TrainingError("part 1 diverged", "lower the rate")
            time.sleep(60)
        try:
            with machine(RuntimeSpec(device="cpu", precision="fp32")) as where:
                side_by_side(work, 3, where)
        except TrainingError as error:
            print(error.reasons)
        """).communicate(timeout=30)
    assert (out, err) == ("('part 1 diverged', 'lower the rate')\n", "")


def test_a_process_that_is_killed_is_told_with_what_to_do() -> None:
    out, err = program("""
        def work(part, line):
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            with machine(RuntimeSpec(device="cpu", precision="fp32")) as where:
                side_by_side(work, 2, where)
        except TrainingError as error:
            print(error)
        """).communicate(timeout=30)
    assert out.startswith("one of 2 processes side by side was killed, as where memory runs out; with LOKY_MAX_CPU_")
    assert err == ""


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGKILL", "SIGTERM"])
def test_no_process_outlives_the_one_that_began_it(signal_name: str) -> None:
    code = f"""
        signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell has it ignored
        def work(part, line):
            if part == 0:
                time.sleep(0.3)  # in which it is seen
                os.kill(os.getppid(), signal.{signal_name})
            time.sleep(60)
        with machine(RuntimeSpec(device="cpu", precision="fp32")) as where:
            side_by_side(work, 2, where)
        """
    with program(code) as run:
        seen = set[psutil.Process]()
        while run.poll() is None:
            try:
                seen |= set(psutil.Process(run.pid).children())
            except psutil.NoSuchProcess:
                break
            time.sleep(0.005)
        _, alive = psutil.wait_procs(seen, timeout=10)
    assert seen
    assert alive == []
