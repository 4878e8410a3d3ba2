from pathlib import Path

import pytest

from augment import costs
from augment.core.store import read_json
from augment.runtime.progress import Tally


def test_a_stage_that_dvc_runs_leaves_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(costs.STAGE, "prepare@toys")
    costs.note(tmp_path / "costs")
    noted = read_json(tmp_path / "costs" / "prepare@toys.json")
    assert noted["stage"] == "prepare@toys"
    assert noted["wall_s"] > 0
    assert noted["cpu_s"] > 0
    assert noted["peak_bytes"] > 1_000_000
    assert "cores" in noted["hardware"]


def test_a_command_run_by_hand_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(costs.STAGE, raising=False)
    costs.note(tmp_path / "costs")
    assert list(tmp_path.iterdir()) == []


def test_of_processes_that_train_together_the_first_leaves_the_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(costs.STAGE, "train_gan@toys-gan")
    monkeypatch.setenv("LOCAL_RANK", "1")
    costs.note(tmp_path / "costs")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("LOCAL_RANK", "0")
    costs.note(tmp_path / "costs")
    assert [path.name for path in (tmp_path / "costs").iterdir()] == ["train_gan@toys-gan.json"]


def test_a_note_that_cannot_be_written_fails_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(costs.STAGE, "prepare@toys")
    (tmp_path / "costs").write_text("a file in the folder's place")
    costs.note(tmp_path / "costs")


def test_a_note_says_after_how_many_steps_trainings_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(costs.STAGE, "train@toys")
    for tally, expected in ((Tally(), {}), (Tally(2, 900), {"trainings": 2, "steps": 900})):
        monkeypatch.setattr(costs, "TALLY", tally)
        costs.note(tmp_path)
        noted = read_json(tmp_path / "train@toys.json")
        assert {key: noted[key] for key in ("trainings", "steps") if key in noted} == expected
