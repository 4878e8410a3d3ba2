import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.comparison.intervals import crossed_estimate
from augment.merging.choice import choose_share, standard_error


def hits(*rights: list[int]) -> np.ndarray:
    return np.array(rights, dtype=bool)


def test_the_standard_error_adds_runs_and_images() -> None:
    # Row means 0.5 and 0, variance 0.125, over 2 runs 0.0625; column means 0.5, 0, 0.5, 0, variance 1/12, over 4: 1/48.
    differences = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    assert standard_error(differences) == pytest.approx((0.0625 + 1 / 48) ** 0.5)
    assert standard_error(np.zeros((2, 3))) == 0.0
    assert standard_error(differences) == pytest.approx(crossed_estimate(differences).error)  # as in the verdict


def test_the_best_share_is_taken_where_it_clearly_gains() -> None:
    none, some = hits([0] * 30 + [1] * 70, [0] * 30 + [1] * 70), hits([0] * 10 + [1] * 90, [0] * 10 + [1] * 90)
    choice = choose_share({0.0: none, 0.25: none, 0.5: some})
    assert choice.share == 0.5
    # 20 of 100 images gained in both runs: 0.2, column variance 0.2·0.8·100/99, over 100 images.
    assert choice.to_json() == {
        "chosen_share": 0.5,
        "candidates": {
            "0": {"accuracy": 0.7, "gain": 0.0, "standard_error": 0.0},
            "0.25": {"accuracy": 0.7, "gain": 0.0, "standard_error": 0.0},
            "0.5": {"accuracy": 0.9, "gain": 0.2, "standard_error": pytest.approx((0.16 / 99) ** 0.5, abs=1e-6)},
        },
    }


def test_a_gain_within_the_standard_error_is_not_taken() -> None:
    none, some = hits([0, 1, 1, 1], [0, 1, 1, 1]), hits([1, 1, 1, 1], [0, 1, 1, 1])
    # Gain 1/8; row means 1/4 and 0: variance 1/32 over 2; column means 1/2, 0, 0, 0: variance 1/16 over 4: error 0.177.
    assert choose_share({0.0: none, 0.5: some}).share == 0.0


def test_a_tie_goes_to_real_images_alone() -> None:
    right = hits([0, 1], [1, 1])
    assert choose_share({0.5: right, 0.0: right}).share == 0.0


@given(st.integers(0, 2**31))
def test_a_share_that_only_loses_is_never_taken(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = rng.random((3, 40)) < 0.8
    assert choose_share({0.0: base, 0.5: base & (rng.random((3, 40)) < 0.9)}).share == 0.0
