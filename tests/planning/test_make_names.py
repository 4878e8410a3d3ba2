"""`make estimate`, and so `make repro`, names the files at which DVC would stop without a name."""

import os
import shutil
import subprocess
from pathlib import Path

MAKEFILE = Path(__file__).parents[2] / "Makefile"


def test_names_that_are_no_utf8_are_told_before_dvc_is_asked(tmp_path: Path) -> None:
    shutil.copy(MAKEFILE, tmp_path)
    (tmp_path / "raw" / "pets" / "é").mkdir(parents=True)
    (tmp_path / "raw" / "pets" / os.fsdecode(b"caf\xe9.png")).touch()
    command = ["make", "--old-file=.venv/installed", "--old-file=install", "estimate"]
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.stdout.splitlines() == [b"raw/pets/caf\xe9.png"]
    assert b"error: raw: names that are no UTF-8 (above)" in done.stderr
    assert b"Error 65" in done.stderr
