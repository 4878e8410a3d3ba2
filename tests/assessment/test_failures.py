import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.assessment.failures import Failure, find_failures, wilson_upper
from augment.assessment.gate import GateSpec
from augment.assessment.per_class import quality_per_class
from augment.core.errors import SettingsError
from augment.core.settings_block import parse
from augment.quality.generator_quality import Judged, generator_quality
from tests.quality.views import CLASSES, collapse, halves, relabel

GATE = GateSpec()
HEALTHY = {
    "images": 200,
    "real_images": 40,
    "fidelity": 0.9,
    "real_fidelity": 0.9,
    "recall": 0.6,
    "coverage": 0.8,
    "diversity_ratio": 0.9,
}


def failures(real: Judged, synthetic: Judged) -> list[Failure]:
    return find_failures(generator_quality(real, synthetic), quality_per_class(real, synthetic), CLASSES, GATE)


def of_table(*rows: dict[str, float]) -> list[str]:
    """Give the failures of classes ``dress``, ``bag``, … with these figures instead of the healthy ones."""
    table = pd.DataFrame([HEALTHY | row for row in rows])
    found = find_failures({"coverage": 0.8, "recall": 0.6}, table, ["dress", "bag", "coat"][: len(rows)], GATE)
    return [failure.sentence for failure in found]


def test_a_failure_says_where_what_was_found_what_was_expected_and_what_it_means() -> None:
    # Three classes: a third by chance; halfway to the judge's 0.9 is 0.6167.
    assert of_table({}, {"fidelity": 0.12}, {}) == [
        "class bag: label fidelity 12.0 %, expected at least 61.7 %: the generator does not obey this label"
    ]
    assert of_table({"diversity_ratio": 0.02}, {}, {}) == [
        "class dress: diversity over that of real images 0.02, expected at least 0.40: the generator repeats itself"
    ]
    assert of_table({"coverage": 0.05}, {}, {}) == [
        "class dress: coverage 0.05, expected at least 0.30: most real images have no synthetic one near"
    ]
    table = pd.DataFrame([HEALTHY | {"real_images": 400}] * 3)
    found = find_failures({"coverage": 0.8, "recall": 0.01}, table, list("abc"), GATE)
    assert found == [
        Failure(
            None,
            "all classes: recall 0.01, expected at least 0.10: few kinds of real images are among the synthetic ones",
        )
    ]


def test_a_class_the_judge_does_not_know_cannot_fail_by_its_label() -> None:
    assert of_table({"fidelity": 0.0, "real_fidelity": 0.0}, {}) == []
    assert of_table({"fidelity": np.nan, "images": 0}, {"real_fidelity": np.nan}) == []


def test_few_images_do_not_fail_by_bad_luck() -> None:
    assert of_table({"fidelity": 0.3, "images": 10}, {}, {}) == []
    assert len(of_table({"fidelity": 0.3, "images": 200}, {}, {})) == 1
    assert of_table({"diversity_ratio": 0.1, "real_images": 9}, {}) == []
    assert len(of_table({"diversity_ratio": 0.1}, {"real_images": 9})) == 1  # another class's images excuse none
    assert of_table({"coverage": 0.0, "recall": 0.0, "real_images": 6}, {}) == []


def test_unknown_figures_are_not_judged() -> None:
    assert of_table({"coverage": np.nan, "recall": np.nan, "diversity_ratio": np.nan}, {}) == []


def test_a_gate_of_zeros_lets_everything_pass() -> None:
    gate = GateSpec(label_fidelity=0, coverage=0, recall=0, diversity=0)
    real, other = halves(20, 0)
    bad = collapse(relabel(other, 0, 1), np.arange(10), noise=0.0)
    assert find_failures(generator_quality(real, bad), quality_per_class(real, bad), CLASSES, gate) == []


@pytest.mark.parametrize(("share", "count", "expected"), [(0.0, 10, 0.351), (0.1, 10, 0.467), (0.5, 1000, 0.537)])
def test_the_wilson_bound_matches_hand_worked_values(share: float, count: int, expected: float) -> None:
    # Share 0: z²/n / (1 + z²/n) with z²/10 = 0.541: 0.541 / 1.541 = 0.351.
    assert wilson_upper(share, count) == pytest.approx(expected, abs=5e-4)


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_the_wilson_bound_is_above_the_share_and_no_more_than_one(share: float, count: int) -> None:
    assert share - 1e-9 <= wilson_upper(share, count) <= 1 + 1e-9
    assert wilson_upper(share, 0) == 1.0


@given(st.integers(10, 40), st.integers(0, 2**32 - 1))
def test_real_images_in_the_generators_place_pass(per_class: int, seed: int) -> None:
    """No failure in 3,000 halves of 10, 15, 25 and 40 images a class (750 seeds each): under 0.1 %."""
    assert failures(*halves(per_class, seed)) == []


@given(st.integers(10, 40), st.floats(0, 0.5), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_a_class_of_one_repeated_image_fails(per_class: int, noise: float, label: int, seed: int) -> None:
    real, other = halves(per_class, seed)
    found = failures(real, collapse(other, np.asarray([label]), noise, seed))
    assert {failure.label for failure in found} == {label}
    assert any("the generator repeats itself" in failure.sentence for failure in found)


@given(st.integers(10, 40), st.integers(0, 2**32 - 1))
def test_one_repeated_image_a_class_fails_everywhere(per_class: int, seed: int) -> None:
    real, other = halves(per_class, seed)
    found = failures(real, collapse(other, np.arange(10), noise=0.5))
    assert {failure.label for failure in found} == {None, *range(10)}


@given(st.integers(15, 40), st.permutations(range(10)), st.integers(0, 2**32 - 1))
def test_two_swapped_labels_fail_and_no_others(per_class: int, order: list[int], seed: int) -> None:
    real, other = halves(per_class, seed)
    found = failures(real, relabel(other, *order[:2]))
    assert {failure.label for failure in found} == set(order[:2])
    disobeying = {failure.label for failure in found if "does not obey this label" in failure.sentence}
    assert disobeying == set(order[:2])


def test_a_generator_that_ignores_two_labels_fails_though_half_of_its_images_are_right() -> None:
    coin = {"fidelity": 0.5, "real_fidelity": 0.95}
    assert len(of_table(coin, coin)) == 2


def test_settings_outside_shares_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"coverage: input should be less than or equal to 1 \(found 30\)"):
        parse(GateSpec, {"coverage": 30}, "params.yaml")
