from collections.abc import Iterator

import pytest

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.training import train_classifier
from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.runtime.progress import TALLY, Progress
from augment.runtime.stopwatch import Stopwatch, timed, watching


def clock(*times: float) -> Iterator[float]:
    yield from times


def test_a_step_is_the_mean_of_all_but_the_first_which_warms_up() -> None:
    times = clock(0.0, 5.0, 6.0, 8.0, 11.0)
    stopwatch = Stopwatch(10.0, lambda: next(times))
    done = []
    with timed(stopwatch):
        for step in Progress("x", 1000).steps():
            done.append(step)
    assert done == [0, 1, 2, 3]
    assert stopwatch.step_s == 2.0  # of 1, 2 and 3


def test_a_step_longer_than_the_limit_is_made_once_and_counts() -> None:
    times = clock(0.0, 18.0)
    stopwatch = Stopwatch(0.4, lambda: next(times))
    with timed(stopwatch):
        list(Progress("x", 1000).steps())
    assert stopwatch.step_s == 18.0


def test_what_follows_the_loop_is_not_done_and_afterwards_loops_run_to_their_end() -> None:
    behind = []
    with timed(Stopwatch(0.0)):
        list(Progress("x", 2).steps())
        behind.append("reached")
    assert behind == []
    assert watching() is None
    assert list(Progress("x", 2, quiet=True).steps()) == [0, 1]


def test_work_that_shows_no_progress_is_no_step() -> None:
    stopwatch = Stopwatch(1.0)
    with timed(stopwatch):
        pass
    with pytest.raises(RuntimeError, match="no step was timed: the work shows no progress"):
        _ = stopwatch.step_s


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), timed(Stopwatch(1.0)):
        _ = 1 / 0


def test_a_real_training_is_begun_and_broken_off_without_a_word(
    stripes: ImageSet, cpu: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    before = TALLY.trainings
    spec = ClassifierSpec(width=2, max_steps=100_000)
    recipe = RecipeSpec(transforms="none", sampling="natural")
    stopwatch = Stopwatch(0.02)
    with timed(stopwatch):
        train_classifier(stripes, stripes, spec, recipe, 0, 0, cpu, Progress("x", spec.max_steps, capped=True))
    assert 0 < stopwatch.step_s < 1
    assert capsys.readouterr().err == ""
    assert TALLY.trainings == before
