import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from augment.comparison.significance import holm, mcnemar_p, sign_flip_p

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.asarray)


def flip(values: object, seed: int = 0) -> float:
    return sign_flip_p(np.asarray(values, dtype=float), np.random.default_rng(seed))


def test_images_that_do_not_differ_leave_the_exact_test_by_runs() -> None:
    # Five runs that all gain: only all signs equal give as much, 2 of 2⁵.
    assert flip([[0.1] * 4, [0.2] * 4, [0.3] * 4, [0.2] * 4, [0.1] * 4]) == pytest.approx(2 / 32, abs=0.008)


def test_runs_that_do_not_differ_leave_the_exact_test_by_images() -> None:
    # Seven images, of which six gain and one loses: sums of at least 5 in size have 2·(1 + 7) of 2⁷ sign patterns.
    row = [1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0]
    assert flip([row, row, row]) == pytest.approx(16 / 128, abs=0.011)


def test_it_agrees_with_scipy_where_only_images_differ() -> None:
    row = np.random.default_rng(3).normal(0.3, 1.0, 40)
    exact = stats.permutation_test((row,), np.mean, permutation_type="samples", rng=np.random.default_rng(0))
    assert flip([row, row]) == pytest.approx(exact.pvalue, abs=0.015)


def test_between_runs_and_images_the_mean_is_dealt_out_by_their_shares() -> None:
    mean, of_runs, of_images = 0.3, np.asarray([-0.2, 0.2, 0.0]), np.asarray([0.5, -0.3, -0.2, 0.1, -0.1])
    # Variances 0.04 over 3 runs and 0.1 over 5 images: the runs' share is 0.04/3 of 0.04/3 + 0.1/5, so 0.4.
    parts = of_runs + 0.4**0.5 * mean, of_images + 0.6**0.5 * mean
    runs, images = (
        [np.mean(signs * part) for signs in itertools.product((-1.0, 1.0), repeat=len(part))] for part in parts
    )
    expected = (np.abs(np.add.outer(runs, images)) >= mean).mean()  # over all 2³ · 2⁵ flips
    assert flip(mean + of_runs[:, None] + of_images) == pytest.approx(expected, abs=0.012)


def test_one_lucky_run_is_no_effect() -> None:
    # A t test of the 400 image means alone would be sure of it: p < 10⁻⁹.
    values = np.random.default_rng(0).normal(0, 0.1, (5, 400))
    values[0] += 0.2
    assert stats.ttest_1samp(values.mean(axis=0), 0).pvalue < 1e-9
    assert flip(values) > 0.1


def test_arms_that_never_differ_are_no_effect() -> None:
    assert flip(np.zeros((5, 10))) == 1.0


def test_the_sign_flips_do_not_care_which_arm_comes_first() -> None:
    values = np.random.default_rng(0).integers(-1, 2, (5, 60)).astype(float)
    assert flip(values) == pytest.approx(flip(-values), abs=0.02)


def test_mcnemar_matches_a_hand_worked_p_value() -> None:
    # 7 images that just one gets right, 1 the first: 2·(C(7,0) + C(7,1)) / 2⁷ = 16/128.
    first = np.asarray([True] + [False] * 6 + [True] * 3 + [False])
    second = np.asarray([False] + [True] * 6 + [True] * 3 + [False])
    assert mcnemar_p(first, second) == mcnemar_p(second, first) == pytest.approx(0.125)


def test_mcnemar_of_equal_predictions_is_one() -> None:
    assert mcnemar_p(np.asarray([True, False]), np.asarray([True, False])) == 1.0


def test_holm_matches_hand_worked_values() -> None:
    # 0.01·4, then 0.02·3, then 0.03·2 = 0.06 (not below the one before), then 0.5·1.
    assert holm(np.asarray([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm(np.asarray([0.7, 0.8])).tolist() == [1.0, 1.0]
    assert holm(np.asarray([])).tolist() == []


@given(P_VALUES)
def test_holm_lies_between_no_correction_and_bonferronis(p_values: np.ndarray) -> None:
    adjusted = holm(p_values)
    assert np.all(adjusted >= p_values)
    assert np.all(adjusted <= np.minimum(1.0, p_values * len(p_values)))


@given(P_VALUES.flatmap(lambda values: st.tuples(st.just(values), st.permutations(range(len(values))))))
def test_holm_keeps_the_order_of_evidence_whatever_the_order_of_tests(case: tuple[np.ndarray, list[int]]) -> None:
    p_values, order = case
    adjusted = holm(p_values)
    assert np.all(np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0)
    assert holm(p_values[order]) == pytest.approx(adjusted[order])
