"""`make quick` in a clone of the project, on tiny settings: what is said, and what is left alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.test_end_to_end import TINY

PROJECT = Path(__file__).parents[2]

pytestmark = pytest.mark.end_to_end


def test_a_quick_look_is_had_beside_the_project_and_says_what_it_is(tmp_path: Path) -> None:
    clone = tmp_path / "project"
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in names:
        if (PROJECT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, clone / name)
    (clone / "params.yaml").write_text(yaml.safe_dump(TINY, sort_keys=False))
    (clone / ".venv").symlink_to(sys.prefix)
    before = {name: (clone / name).read_bytes() for name in names if (clone / name).is_file()}
    command = ["make", "--old-file=.venv/installed", "quick"]
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    counted = re.search(r"^(\d+) of (\d+) stages are to run", said, re.MULTILINE)
    assert counted is not None
    assert counted[1] == counted[2]
    assert said.index("on this machine") < said.index("Running stage")
    assert f"\nstage {counted[1]} of {counted[1]}, about 5 s left\n" in said
    assert "A quick look, with fewer arms, classifiers and steps: a hint, no answer." in said
    assert "| `merged/plain` |" in said
    pages = list((clone / ".dvc/tmp/quick/reports").rglob("*.html"))
    assert pages
    assert all("<strong>A quick look, " in page.read_text() for page in pages)
    assert {name: (clone / name).read_bytes() for name in before} == before
