import json
from pathlib import Path
from typing import Any

import pytest

from augment.costs import STAGE
from augment.planning.outlook import Expected, Outlook, announce, duration, outlook

RUN = {
    "a": Expected(10.0, []),
    "b": Expected(20.0, ["a"]),
    "c": Expected(30.0, ["a"]),
    "d": Expected(40.0, ["b", "c"]),
}


def note(stage: str, wall_s: float, second: int) -> dict[str, Any]:
    return {"stage": stage, "wall_s": wall_s, "ended": f"2026-01-01T00:{second // 60:02}:{second % 60:02}+00:00"}


def test_at_the_start_what_is_left_is_what_was_estimated() -> None:
    assert outlook("a", RUN, []) == Outlook(1, 4, 100.0)


def test_what_stages_really_took_corrects_what_is_left() -> None:
    # Estimated 10 s, took 40: with 20 s of trust in the estimate all goes (40 + 20) / (10 + 20) = 2 times as slow.
    assert outlook("b", RUN, [note("a", 40.0, 40)]) == Outlook(2, 4, 180.0)


def test_stages_side_by_side_are_counted_once_on_the_clock() -> None:
    # b from 10 to 30, c from 10 to 40: busy for 10 + 30 = 40 of the estimated 60 s.
    notes = [note("a", 10.0, 10), note("b", 20.0, 30), note("c", 30.0, 40)]
    assert outlook("d", RUN, notes) == Outlook(4, 4, 40.0 * (40 + 20) / (60 + 20))


def test_a_pause_between_two_stages_is_not_time_that_stages_take() -> None:
    assert outlook("c", RUN, [note("a", 10.0, 10), note("b", 20.0, 3000)]) == Outlook(3, 4, 70.0)


def test_what_came_from_the_cache_left_no_note_and_is_done() -> None:
    assert outlook("d", RUN, []) == Outlook(4, 4, 40.0)


@pytest.mark.parametrize("stage", ["a", "elsewhere"])
def test_a_stage_of_another_run_is_silent(stage: str) -> None:
    assert outlook(stage, RUN, [note("a", 40.0, 40)]) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "5 s"), (47, "45 s"), (52, "1 min"), (600, "10 min"), (9000, "2.5 h"), (400_000, "111 h")],
)
def test_durations_are_round(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An estimate of RUN, and a folder of costs with a note of an earlier run."""
    monkeypatch.setenv(STAGE, "b")
    estimate, costs = tmp_path / "estimate.json", tmp_path / "costs"
    stages = {name: {"seconds": each.seconds, "parents": list(each.parents)} for name, each in RUN.items()}
    estimate.write_text(json.dumps({"begun": "2026-01-01T00:00:00+00:00", "stages": stages}))
    costs.mkdir()
    old = note("b", 1.0, 0) | {"ended": "2025-12-31T23:59:59+00:00"}
    (costs / "b.json").write_text(json.dumps(old))
    return estimate, costs


def test_a_stage_tells_where_the_run_stands(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    (files[1] / "a.json").write_text(json.dumps(note("a", 10.0, 10)))
    announce(*files)
    assert capsys.readouterr().out == "stage 2 of 4, about 2 min left\n"


@pytest.mark.parametrize(("variable", "value"), [(STAGE, ""), ("LOCAL_RANK", "1")])
def test_nothing_is_told_by_hand_or_twice(
    files: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    announce(*files)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"begun": 1, "stages": {}}', '{"begun": "2026-01-01T00:00:00"'])
def test_a_file_that_cannot_be_used_fails_no_stage(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str], content: str
) -> None:
    for broken in (files[0], files[1] / "x.json"):
        whole = broken.read_text() if broken.exists() else "{}"
        broken.write_text(content)
        announce(*files)
        broken.write_text(whole)
    assert capsys.readouterr().out == ""
    files[0].unlink()
    announce(*files)
