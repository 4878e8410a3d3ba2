import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from augment.comparison.intervals import (
    Estimate,
    crossed_contrast,
    crossed_estimate,
    pigeonhole_interval,
    satterthwaite,
)
from augment.results.record import Interval

TABLES = arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(2, 9)), elements=st.sampled_from([-1.0, 0.0, 1.0]))


def test_the_interval_of_an_estimate_matches_a_hand_worked_one() -> None:
    # 1, 2, 3: mean 2, standard error 1/√3; t at 97.5 % with 2 degrees of freedom is 4.3027.
    interval = Estimate(2.0, 3**-0.5, 2, images=3).interval()
    assert (interval.mean, interval.low, interval.high) == pytest.approx((2.0, 2 - 2.4841, 2 + 2.4841), abs=1e-4)


def test_the_crossed_estimate_matches_a_hand_worked_one() -> None:
    # Rows of [[0, 2], [2, 4]] have means 1 and 3, so have its columns: variance 2 each, over 2 makes 1 each.
    # Standard error √2; Satterthwaite 2²/(1/1 + 1/1) = 2 degrees of freedom, t = 4.3027.
    estimate = crossed_estimate(np.asarray([[0.0, 2.0], [2.0, 4.0]]))
    assert (estimate.mean, estimate.error, estimate.freedom) == pytest.approx((2.0, 2**0.5, 2.0))
    interval = estimate.interval()
    assert (interval.low, interval.high) == pytest.approx((2 - 6.0849, 2 + 6.0849), abs=1e-4)


def test_a_contrast_matches_a_hand_worked_one() -> None:
    # Block means 2 and 1 (by run 1, 3 and 0, 2), so the gap is 1 in both runs: the runs add nothing.
    # Image means 1, 3 (variance 2, over 2 makes 1) and 1, 1, 1 (nothing): standard error 1 with 1 degree of freedom.
    blocks = [np.asarray([[0.0, 2.0], [2.0, 4.0]]), np.asarray([[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]])]
    estimate = crossed_contrast(blocks, [1.0, -1.0])
    assert (estimate.mean, estimate.error, estimate.freedom) == pytest.approx((1.0, 1.0, 1.0))


def test_satterthwaite_lies_between_the_fewest_and_the_sum_of_freedoms() -> None:
    assert satterthwaite([(1.0, 4), (0.0, 99)]) == (1.0, 4.0)
    assert satterthwaite([(1.0, 4), (1.0, 4)]) == pytest.approx((2**0.5, 8.0))
    assert satterthwaite([(0.0, 4), (0.0, 9)]) == (0.0, 4.0)


@given(TABLES)
def test_a_p_value_of_five_percent_is_where_the_interval_meets_zero(values: np.ndarray) -> None:
    estimate = crossed_estimate(values)
    interval = estimate.interval()
    assert (estimate.p_value() < 0.05) == (interval.low > 1e-12 or interval.high < -1e-12)


@given(TABLES)
def test_swapping_the_arms_mirrors_the_interval(values: np.ndarray) -> None:
    there, back = crossed_estimate(values).interval(), crossed_estimate(-values).interval()
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))


@pytest.mark.parametrize(("images", "p_value"), [(3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_where_all_images_speak_for_one_arm_the_p_value_is_that_of_a_sign_test(images: int, p_value: float) -> None:
    estimate = crossed_estimate(np.ones((5, images)))
    assert estimate.p_value() == pytest.approx(p_value)
    assert (estimate.interval().low > 0) is (p_value < 0.05)


def test_where_no_image_tells_two_arms_apart_some_unseen_ones_may() -> None:
    estimate = crossed_estimate(np.zeros((5, 10)))
    # 0.025^(1/10) = 0.6915: up to 30.85 % of the images may speak for either.
    assert estimate.interval().low == pytest.approx(-2 * 0.3085, abs=1e-4)
    assert estimate.interval().high == pytest.approx(2 * 0.3085, abs=1e-4)
    assert estimate.p_value() == 1.0


def test_where_all_images_agree_the_interval_allows_for_a_choice_too() -> None:
    # Among four: 0.00625^(1/10) = 0.6020, so up to 39.80 % of the images.
    interval = crossed_estimate(np.zeros((5, 10))).interval(choices=4)
    assert (interval.low, interval.high) == pytest.approx((-2 * 0.3980, 2 * 0.3980), abs=1e-4)


def test_all_right_of_eleven_is_no_certainty() -> None:
    # Clopper and Pearson's interval for 11 of 11 begins at 71.5 %.
    assert crossed_estimate(np.ones((2, 11)), span=1.0).interval().low == pytest.approx(0.7151, abs=1e-4)


def test_a_gap_without_spread_is_as_sure_as_its_smaller_group_allows() -> None:
    estimate = crossed_contrast([np.ones((2, 9)), np.zeros((2, 4))], [1.0, -1.0], span=1.0)
    assert (estimate.images, estimate.span) == (4, 2.0)
    half = crossed_contrast([np.ones((2, 9)), np.zeros((2, 4))], [1.0, -0.5], span=1.0)
    assert half.span == 1.5
    assert estimate.p_value() == pytest.approx(2 * 0.5**4)


def test_the_p_value_is_that_of_a_two_sided_t_test() -> None:
    # t = 2.7764 is the 97.5 % point with 4 degrees of freedom.
    assert Estimate(2.7764, 1.0, 4, images=9).p_value() == pytest.approx(0.05, abs=1e-5)
    assert Estimate(-2.7764, 1.0, 4, images=9).p_value() == pytest.approx(0.05, abs=1e-5)


def test_the_bootstrap_draws_rows_and_columns_with_replacement() -> None:
    # Two runs at 0 and 1 on every image: resampled means are 0, ½, 1 with probabilities ¼, ½, ¼.
    of_runs = pigeonhole_interval(np.asarray([[0.0] * 3, [1.0] * 3]), np.random.default_rng(0))
    # Two images at 0 and 1 in every run: the same.
    of_images = pigeonhole_interval(np.asarray([[0.0, 1.0]] * 3), np.random.default_rng(0))
    assert of_runs == of_images == Interval(mean=0.5, low=0.0, high=1.0)


def test_the_bootstrap_has_the_variance_that_owen_derives() -> None:
    # Independent values of variance σ²: the bootstrap's variance is about 3σ²/RN (Owen 2007, theorem 3), so that the
    # interval is 2·1.96·√(3/RN)·σ wide.
    values = np.random.default_rng(0).normal(size=(40, 50))
    interval = pigeonhole_interval(values, np.random.default_rng(1))
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * (3 / 2000) ** 0.5, rel=0.06)
