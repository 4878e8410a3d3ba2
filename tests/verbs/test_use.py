"""Every command and the Python of docs/use.md, on a dataset of other names; those of DVC are run end to end."""

import re
import shlex
from pathlib import Path

import pytest

from augment.command_line import main
from augment.exporting.layout import folder_name
from augment.finished.project import open_project
from tests.finished.examples import PROJECT, favourite_and_least, finished_run

TEXT = (PROJECT / "docs" / "use.md").read_text()
PREFIX = "python -m augment "


def test_every_command_works_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finished_run(tmp_path)
    monkeypatch.chdir(tmp_path)
    # The example's generator was never trained, and passes a filter in one class alone.
    best, _ = favourite_and_least(open_project(tmp_path))
    names = {"digits": "toys", "train/3/": f"train/{folder_name(best)}/", "--class 3": f"--class '{best}'"}
    names |= {"--class 8": "--class low", "merged/classical": "merged/plain", "synthetic": "gan"}
    lines = re.findall(r"^python -m augment .*$", TEXT, flags=re.MULTILINE)
    assert len(lines) == 14
    for line in lines:
        for ours, theirs in names.items():
            line = line.replace(ours, theirs)  # noqa: PLW2901  # it is the same line still
        assert main(shlex.split(line.removeprefix(PREFIX))) == 0, f"{line}\n{capsys.readouterr().err}"
    written = {path.name for path in (tmp_path / "exports").iterdir()}
    assert written == {"release", "threes", "toys", "why"}
    programs = [block for block in re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL) if "augment.api" in block]
    (program,) = (block.replace("digits", "toys").replace('"3"', f'"{best}"') for block in programs)
    found: dict[str, object] = {}
    exec(program, found)  # noqa: S102  # our own document
    assert getattr(found["more"], "shape", None) == (10, 1, 8, 8)
    assert getattr(found["probabilities"], "shape", None) == (10, 3)


def test_the_table_at_its_beginning_names_every_verb() -> None:
    table = TEXT.partition("## ")[0]
    for verb in ("export", "sample", "predict"):
        assert f"`{PREFIX}{verb} " in table
