import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.comparison.intervals import crossed_estimate
from augment.comparison.power import MOST_SEEDS, Spread, seeds_needed, smallest_effect, spread


def test_the_smallest_effect_matches_a_hand_worked_one() -> None:
    # 4 degrees of freedom: t at 97.5 % is 2.7764, at 80 % 0.9410.
    assert smallest_effect(0.01, 4) == pytest.approx(0.037174, abs=1e-6)
    # Many: 1.9600 + 0.8416; tested at 0.05 / 4: 2.4977 + 0.8416.
    assert smallest_effect(1.0, 1e9) == pytest.approx(2.8016, abs=1e-4)
    assert smallest_effect(1.0, 1e9, alpha=0.05 / 4) == pytest.approx(3.3393, abs=1e-4)


def test_a_test_detects_its_smallest_effect_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    effect = smallest_effect(5**-0.5, 4)
    samples = effect + rng.normal(size=(4000, 5))
    t = samples.mean(axis=1) / (samples.std(axis=1, ddof=1) / 5**0.5)
    assert np.mean(np.abs(t) > 2.7764) == pytest.approx(0.8, abs=0.03)


def test_the_spread_matches_a_hand_worked_one() -> None:
    # No residual: rows of [[0, 2], [2, 4]] have means 1 and 3, columns too, variance 2 each.
    assert spread(np.asarray([[0.0, 2.0], [2.0, 4.0]])) == Spread(2.0, 2.0, 0.0, 2, 2)
    # [[0, 0], [0, 4]]: residuals ±1, their square sum 4 over 1 degree of freedom. Row means 0 and 2, variance 2,
    # of which the residual explains 4/2: nothing is left. The same for columns.
    assert spread(np.asarray([[0.0, 0.0], [0.0, 4.0]])) == Spread(0.0, 0.0, 4.0, 2, 2)


def test_the_spread_finds_the_variances_that_made_the_table() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 3, (60, 1)) + rng.normal(0, 2, (1, 80)) + rng.normal(0, 1, (60, 80))
    found = spread(values)
    assert (found.run**0.5, found.image**0.5, found.residual**0.5) == pytest.approx((3, 2, 1), rel=0.15)


def test_the_error_that_a_spread_foretells_is_that_of_the_estimate() -> None:
    values = np.random.default_rng(0).normal(size=(6, 1)) + np.random.default_rng(1).normal(size=(6, 50))
    values += np.random.default_rng(2).normal(size=(1, 50))
    estimate = crossed_estimate(values)
    assert spread(values).error() == pytest.approx((estimate.error, estimate.freedom))


def test_the_seeds_for_half_a_standard_deviation_are_the_textbooks() -> None:
    # A paired t test at 5 % with 80 % power needs 34 pairs for an effect of half a standard deviation (Cohen 1988).
    assert seeds_needed(Spread(run=1.0, image=0.0, residual=0.0, runs=5, images=100), 0.5) == 34


def test_more_seeds_do_not_help_where_images_are_too_few() -> None:
    of_images = Spread(run=0.0, image=0.04, residual=0.0, runs=5, images=100)  # standard error 0.02, however many runs
    assert seeds_needed(of_images, 0.05) is None
    assert seeds_needed(of_images, 0.06) == 2


@given(st.floats(0, 0.01), st.floats(0, 0.05), st.floats(0, 0.2), st.floats(0.005, 0.1))
def test_the_seeds_needed_are_the_fewest(run: float, image: float, residual: float, effect: float) -> None:
    def detectable(seeds: int) -> float:
        return smallest_effect(*Spread(run, image, residual, seeds, 1000).error())

    seeds = seeds_needed(Spread(run, image, residual, 5, 1000), effect)
    assert detectable(seeds or MOST_SEEDS) <= effect or seeds is None
    if seeds is None:
        assert detectable(MOST_SEEDS) > effect
    elif seeds > 2:
        assert detectable(seeds - 1) > effect
