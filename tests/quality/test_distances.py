from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.core.errors import LeftOutError
from augment.quality import neighbours
from augment.quality.distances import frechet_distance, frechet_joint_distance, kernel_distance
from tests.quality.views import halves, relabel


def test_frechet_distance_of_numbers_matches_the_closed_form() -> None:
    # Means 0 and 3, variances (n-1) 1 and 4: 3² + (1 - 2)² = 10.
    first, second = np.asarray([-1.0, 0.0, 1.0])[:, None], np.asarray([1.0, 3.0, 5.0])[:, None]
    assert frechet_distance(first, second) == pytest.approx(10.0)


def test_frechet_distance_is_a_distance() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(50, 8)), rng.normal(1.0, 2.0, size=(70, 8))
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first))
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    assert frechet_distance(first @ turn, second @ turn) == pytest.approx(frechet_distance(first, second))


def test_frechet_distance_of_more_features_than_images_is_finite() -> None:
    rng = np.random.default_rng(0)
    assert 0 < frechet_distance(rng.normal(size=(10, 64)), rng.normal(size=(12, 64))) < 1000


def test_the_joint_distance_matches_a_hand_worked_one() -> None:
    # Feature f = ±1, label 0 for f = -1: norms are 1, so the one-hot labels are not scaled. The joint real vectors are
    # (-1, 1, 0) and (1, 0, 1), the synthetic ones, with swapped labels, (-1, 0, 1) and (1, 1, 0): equal means.
    # Each covariance (n-1) is ½ d dᵀ with d = (2, -1, 1) and (2, 1, -1): traces 3 and 3,
    # and tr (ΣΣ')^½ = ½ |d·d'| = ½ |4 - 1 - 1| = 1. Distance 3 + 3 - 2 = 4.
    features, labels = np.asarray([[-1.0], [1.0]]), np.asarray([0, 1])
    assert frechet_joint_distance(features, labels, features, labels[::-1], 2) == pytest.approx(4.0, abs=1e-6)
    # Features ten times as large scale the labels by ten, and the distance by a hundred.
    assert frechet_joint_distance(10 * features, labels, 10 * features, labels[::-1], 2) == pytest.approx(400.0)


def test_only_the_joint_distance_sees_swapped_labels() -> None:
    real, other = halves(40, 0)
    swapped = relabel(other, 3, 8)
    joint = [
        frechet_joint_distance(real.features, real.labels, side.features, side.labels, 10) for side in (other, swapped)
    ]
    assert joint[1] > 1.3 * joint[0]
    assert frechet_distance(real.features, swapped.features) == frechet_distance(real.features, other.features)


def test_the_joint_distance_is_no_less_than_the_marginal_one() -> None:
    real, other = halves(20, 1)
    joint = frechet_joint_distance(real.features, real.labels, other.features, other.labels, 10)
    assert joint >= frechet_distance(real.features, other.features)


def test_kernel_distance_matches_a_hand_worked_one() -> None:
    # One feature: k(x, y) = (xy + 1)³. Within {0, 1}: k(0, 1) = 1. Within {1, 2}: k(1, 2) = 27.
    # Between: k(0, 1) = k(0, 2) = 1, k(1, 1) = 8, k(1, 2) = 27; mean 37/4. 1 + 27 - 2 · 37/4 = 9.5.
    assert kernel_distance(np.asarray([[0.0], [1.0]]), np.asarray([[1.0], [2.0]])) == pytest.approx(9.5)


def test_kernel_distance_of_one_distribution_is_zero_on_average_at_any_size() -> None:
    """Independent draws; the mean of 400 must lie within four standard errors of 0."""
    rng = np.random.default_rng(0)
    for size in (5, 40):
        values = np.asarray(
            [kernel_distance(rng.normal(size=(size, 4)), rng.normal(size=(2 * size, 4))) for _ in range(400)]
        )
        assert abs(values.mean()) < 4 * values.std() / 20
        assert 0.3 < (values < 0).mean() < 0.8


def test_equal_class_counts_lower_the_kernel_distance_as_documented() -> None:
    centres, labels = 2 * np.random.default_rng(0).normal(size=(10, 8)), np.arange(100) % 10
    rng = np.random.default_rng(1)

    def draw(labels: np.ndarray) -> np.ndarray:
        return centres[labels] + rng.normal(size=(len(labels), 8))

    many = np.arange(3000) % 10
    kernels = (draw(many) @ draw(many).T / 8 + 1) ** 3
    expected = -2 / 100 * (kernels[many[:, None] == many].mean() - kernels.mean())
    values = [kernel_distance(draw(labels), draw(labels)) for _ in range(200)]
    assert np.mean(values) == pytest.approx(expected, rel=0.1)


def test_kernel_distance_does_not_depend_on_the_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(31, 6)), rng.normal(0.5, 1, size=(17, 6))
    whole = kernel_distance(first, second)
    monkeypatch.setattr(neighbours, "TILE_NUMBERS", 64)
    assert kernel_distance(first, second) == pytest.approx(whole)


@given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_distances_are_symmetric_and_take_any_float(first: int, second: int, features: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(first, features)).astype(np.float32), rng.normal(1, 2, size=(second, features))
    assert kernel_distance(a, b) == pytest.approx(kernel_distance(b, a))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), abs=1e-4)


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_a_single_image_has_no_distance(distance: Callable[[np.ndarray, np.ndarray], float]) -> None:
    with pytest.raises(LeftOutError, match="needs two images on either side, found 5 and 1"):
        distance(np.ones((5, 3)), np.ones((1, 3)))
