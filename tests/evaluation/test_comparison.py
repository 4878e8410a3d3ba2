import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.evaluation.comparison import Arm, Interval, compare, crossed_interval, judge, points, t_interval
from augment.evaluation.predictions import Predictions


def arm(train_set: str, recipe: str, hits: np.ndarray, val: float) -> Arm:
    """Make an arm of two-class predictions that hit where ``hits`` (R×N) is 1."""
    labels = np.zeros(hits.shape[1], dtype=np.int64)
    probabilities = np.stack([hits, 1 - hits], axis=-1).astype(np.float32)
    share = {"real": 0.0, "synthetic": 1.0}.get(train_set, 0.5)
    return Arm(train_set, recipe, share, np.full(len(hits), val), Predictions(labels, probabilities, ("a", "b")))


def random_hits(accuracy: float, seed: int, shape: tuple[int, int] = (5, 400)) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) < accuracy).astype(float)


def test_the_t_interval_matches_a_hand_worked_one() -> None:
    # 1, 2, 3: mean 2, standard error 1/√3; t at 97.5 % with 2 degrees of freedom is 4.3027.
    interval = t_interval(np.asarray([1.0, 2.0, 3.0]))
    assert (interval.mean, interval.low, interval.high) == pytest.approx((2.0, 2 - 2.4841, 2 + 2.4841), abs=1e-4)


def test_the_crossed_interval_matches_a_hand_worked_one() -> None:
    # Rows of [[0, 2], [2, 4]] have means 1 and 3, so have its columns: variance 2 each, over 2 makes 1 each.
    # Standard error √2; Satterthwaite 2²/(1/1 + 1/1) = 2 degrees of freedom, t = 4.3027.
    interval = crossed_interval(np.asarray([[0.0, 2.0], [2.0, 4.0]]))
    assert (interval.mean, interval.low, interval.high) == pytest.approx((2.0, 2 - 6.0849, 2 + 6.0849), abs=1e-4)


def test_arms_that_never_differ_have_an_interval_without_width() -> None:
    assert crossed_interval(np.zeros((5, 10))) == Interval(0.0, 0.0, 0.0)


@pytest.mark.parametrize(("run_spread", "image_spread"), [(0.0, 0.2), (0.02, 0.2), (0.05, 0.05)])
def test_the_interval_holds_the_truth_at_least_as_often_as_it_says(run_spread: float, image_spread: float) -> None:
    """Simulate differences of runs × images with a true mean of 0.01 and random runs, images and residuals."""
    rng = np.random.default_rng(0)
    covered, rounds = 0, 600
    for _ in range(rounds):
        runs, images = rng.normal(0, run_spread, (5, 1)), rng.normal(0, image_spread, (1, 200))
        interval = crossed_interval(0.01 + runs + images + rng.normal(0, 0.1, (5, 200)))
        covered += interval.low <= 0.01 <= interval.high
    assert covered / rounds >= 0.935  # 95 % less two standard errors of 600 rounds


@pytest.mark.parametrize(
    ("interval", "word"),
    [
        (Interval(1.0, 0.1, 2.0), "helps"),
        (Interval(-1.0, -2.0, -0.1), "hurts"),
        (Interval(1.0, -0.1, 2.0), "has no detectable effect"),
        (Interval(0.0, 0.0, 0.0), "has no detectable effect"),
    ],
)
def test_an_interval_that_holds_zero_is_no_effect(interval: Interval, word: str) -> None:
    assert judge(interval) == word


@given(st.floats(-1, 1), st.floats(0, 1))
def test_points_always_carry_their_sign(mean: float, half: float) -> None:
    assert points(Interval(mean, mean - half, mean + half)).startswith(("+", "-"))


def test_points_are_percent_of_accuracy() -> None:
    assert points(Interval(0.012, 0.003, 0.021)) == "+1.2 [+0.3, +2.1]"


def test_a_clear_gain_is_said_and_the_merged_set_advised() -> None:
    better = compare(
        [arm("real", "plain", random_hits(0.6, 0), 0.6), arm("merged", "plain", random_hits(0.95, 1), 0.9)]
    )
    assert better.verdict().startswith(
        "synthesis (`merged/plain`) helps compared with the plain real arm `real/plain` (+3"
    )
    assert better.verdict().endswith("Use `merged`.")


def test_a_gain_over_the_plain_arm_alone_is_not_enough() -> None:
    comparison = compare(
        [
            arm("real", "plain", random_hits(0.6, 0), 0.6),
            arm("real", "classical", random_hits(0.95, 1), 0.95),
            arm("merged", "classical", random_hits(0.95, 2), 0.95),
        ]
    )
    verdict = comparison.verdict()
    assert "helps compared with the plain real arm" in verdict
    assert "has no detectable effect compared with the best arm without synthesis, `real/classical`" in verdict
    assert verdict.endswith("Leave it out: use `real/classical`.")


def test_a_loss_is_said() -> None:
    comparison = compare(
        [arm("real", "plain", random_hits(0.95, 0), 0.9), arm("merged", "plain", random_hits(0.6, 1), 0.6)]
    )
    assert "hurts compared with the plain real arm" in comparison.verdict()


def test_arms_are_chosen_by_val_and_never_by_test() -> None:
    comparison = compare(
        [
            arm("real", "plain", random_hits(0.5, 0), 0.9),
            arm("real", "classical", random_hits(0.99, 1), 0.8),
            arm("merged", "plain", random_hits(0.5, 2), 0.7),
            arm("merged", "classical", random_hits(0.99, 3), 0.6),
        ]
    )
    assert comparison.best_real.name == "real/plain"
    assert comparison.candidate is not None
    assert comparison.candidate.name == "merged/plain"


def test_synthetic_only_is_no_candidate_for_merging() -> None:
    comparison = compare(
        [arm("real", "plain", random_hits(0.5, 0), 0.5), arm("synthetic", "plain", random_hits(0.9, 1), 0.9)]
    )
    assert comparison.candidate is None
    assert "nothing to judge" in comparison.verdict()


def test_metrics_hold_the_scores_and_the_differences_of_an_arm() -> None:
    plain, merged = arm("real", "plain", np.eye(4), 0.5), arm("merged", "plain", np.ones((4, 4)), 0.9)
    comparison = compare([plain, merged])
    assert comparison.to_json()["reference"] == "real/plain"
    assert comparison.metrics(plain)["to_plain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert comparison.metrics(merged)["accuracy"] == {"mean": 1.0, "std": 0.0}
    assert comparison.metrics(merged)["to_best_real"]["mean"] == pytest.approx(0.75)
