import re

import pytest

from augment.runtime.progress import TALLY, Progress, Tally

LINE = r"progress: (?P<what>.+) (?P<done>\d+)/(?P<total>\d+) (?P<unit>\S+), (?P<detail>.*)"


def test_a_log_gets_lines_that_a_scheduler_can_parse(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("train_gan digits", 3)
    for step in progress.steps():
        progress.show(loss_d=0.5 + step)
    match = re.fullmatch(LINE, capsys.readouterr().err.strip())
    assert match is not None
    assert match.group("what", "done", "total", "unit") == ("train_gan digits", "3", "3", "step")
    assert re.fullmatch(r"[\d.]+ step/s, ETA 00:00, loss_d 2.5", match["detail"])


def test_steps_begin_where_they_are_told_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(Progress("x", 5).steps(start=3)) == [3, 4]
    assert "5/5" in capsys.readouterr().err


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(Progress("x", 2).steps()) == [0, 1]
    assert "2/2" in capsys.readouterr().err


def test_a_quiet_one_counts_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(Progress("x", 3, quiet=True).steps(start=1)) == [1, 2]
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert list(Progress("x", 2, quiet=True).steps()) == [0, 1]
    assert capsys.readouterr().err == ""


def test_what_may_end_early_has_at_most_so_much_left(capsys: pytest.CaptureFixture[str]) -> None:
    list(Progress("x", 3, capped=True).steps())
    assert ", ETA at most 00:00" in capsys.readouterr().err


def test_a_bar_says_so_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    list(Progress("x", 2, capped=True).steps())
    assert "<at most 00:00, " in capsys.readouterr().err


def test_loops_that_may_end_early_and_the_steps_they_made_are_counted() -> None:
    before = Tally(**vars(TALLY))
    for step in Progress("x", 10, quiet=True, capped=True).steps():
        if step == 3:
            break
    list(Progress("x", 5, quiet=True, capped=True).steps())
    list(Progress("x", 7, quiet=True).steps())
    assert (TALLY.trainings - before.trainings, TALLY.steps - before.steps) == (2, 4 + 5)
