"""A guarded program: it ends as it would alone, or when its owner lets go, whatever becomes of its output."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import guard


def guarded(code: str, output: Path) -> subprocess.Popen[bytes]:
    """Start a Python program under a guard whose leash is a pipe."""
    with output.open("wb") as log:
        command = [sys.executable, guard.__file__, "inf", "10", sys.executable, "-c", code]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)


@pytest.mark.parametrize(("code", "expected"), [("print('said')", 0), ("exit(7)", 7), ("import os; os.abort()", 134)])
def test_it_ends_as_the_program_does(tmp_path: Path, code: str, expected: int) -> None:
    with guarded(code, tmp_path / "log") as program:
        assert program.wait(30) == expected
    assert (tmp_path / "log").read_text() == ("said\n" if expected == 0 else "")


def test_a_program_whose_guard_died_before_it_was_watched_is_not_begun() -> None:
    code = "import os; from pipelines import guard; guard.end_with(os.getpid()); os.write(2, b'begun')"
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (guard.STOPPED, b"")


def test_it_stops_the_program_when_its_owner_lets_go(tmp_path: Path) -> None:
    with guarded("import time; time.sleep(3600)", tmp_path / "log") as program:
        program.communicate(timeout=30)
    assert program.returncode == guard.STOPPED
