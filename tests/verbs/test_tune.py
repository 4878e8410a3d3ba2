"""The verb ``tune`` on a made-up project."""

import argparse
import shutil
from pathlib import Path

import pytest

from augment.command_line import main
from augment.core.errors import EXIT_BAD_INPUT
from augment.core.store import write_json
from augment.settings import load_settings
from augment.verbs.tune import seconds
from tests.finished.examples import finished_run

WHAT = ("synthesizer", "recipe", "mix")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = finished_run(tmp_path_factory.mktemp("project"))
    shutil.rmtree(root / "data/toys/test", ignore_errors=True)  # whoever opens it fails
    write_json(root / "results/toys/synthetic/gan/quality.json", {"failures": []})
    return root


@pytest.fixture(autouse=True)
def _here(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run)


@pytest.mark.parametrize("what", WHAT)
def test_searches_without_test(what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    opened: list[str] = []
    reads = Path.open

    def noted(path: Path, *rest: object, **more: object) -> object:
        opened.append(str(path))
        return reads(path, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", noted)
    assert main(["tune", "toys", "--budget", "1s", "--what", what]) == 0
    said = capsys.readouterr().out
    assert f"scratch/tune/toys/{what}/trials.md" in said
    assert "test was read by none" in said
    assert not [path for path in opened if "data/toys/test" in path]
    folder = Path("scratch/tune/toys") / what
    assert {path.name for path in folder.iterdir()} >= {"journal.log", "trials.md", "trials.png"}


def test_what_is_written_are_settings(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whether seconds find anything is chance: let the last trial be the best.
    monkeypatch.setattr("augment.tuning.outcome.START", "nothing began so")
    before = load_settings(run / "params.yaml")
    assert main(["tune", "toys", "--budget", "8s", "--what", "recipe", "--write"]) == 0
    settings = load_settings(run / "params.yaml")
    assert set(settings.arms.recipes) - set(before.arms.recipes) == {"tuned_toys"}
    assert settings.tuned["toys"]["recipe"] >= 1
    assert settings.datasets == before.datasets


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing", "--budget", "1s"], "unknown dataset 'nothing'; expected one of toys, later"),
        (["later", "--budget", "1s"], "not there yet; run dvc repro first"),
        (["toys", "--budget", "1s", "--what", "mix", "--name", "x"], "unknown mix 'x'; expected one of merged, failed"),
        (["toys", "--budget", "1s", "--what", "all", "--name", "gan"], "--name: expected with --what"),
    ],
)
def test_bad_input(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", *arguments]) == EXIT_BAD_INPUT
    assert message in capsys.readouterr().err


def test_times() -> None:
    assert [seconds(text) for text in ("90s", "1.5m", "2h")] == [90.0, 90.0, 7200.0]
    for text in ("30", "0m", "m", "-1s"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected a time such as 90s, 30m or 2h"):
            seconds(text)
