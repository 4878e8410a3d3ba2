from importlib.metadata import version
from pathlib import Path

import pytest

from augment import costs
from augment.core.store import read_json, write_json
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


def test_it_is_told_which_libraries_have_changed_since_stages_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage in ("prepare@toys", "train@toys"):
        monkeypatch.setenv(costs.STAGE, stage)
        costs.note(tmp_path)
    assert "numpy" in read_json(tmp_path / "train@toys.json")["versions"]
    (tmp_path / "old.json").write_text('{"stage": "old"}')
    (tmp_path / "torn.json").write_text('{"versions": [')
    write_json(tmp_path / "gone.json", {"versions": {"no-such-library": "1.0"}})
    assert list(costs.upgraded(tmp_path)) == []
    now = version("numpy")
    monkeypatch.setattr(costs, "version", lambda name: "99.0" if name == "numpy" else "of another")
    assert f"numpy {now} has become 99.0 since 2 stages ran here" in costs.upgraded(tmp_path)
