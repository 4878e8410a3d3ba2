import numpy as np
import pytest

from augment.evaluation.quality import compare_manifolds, frechet_distance, label_fidelity


def test_label_fidelity_counts_per_class() -> None:
    intended, judged = np.asarray([0, 0, 0, 1, 1]), np.asarray([0, 0, 1, 1, 0])
    found = label_fidelity(intended, judged, 3)
    assert found[:2] == pytest.approx([2 / 3, 1 / 2])
    assert np.isnan(found[2])


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


def cloud(count: int, centre: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(centre, 1.0, size=(count, 4))


def test_two_samples_of_one_distribution_cover_each_other() -> None:
    found = compare_manifolds(cloud(600, 0, 0), cloud(600, 0, 1))
    assert min(found.precision, found.recall, found.coverage) > 0.85
    assert found.density == pytest.approx(1.0, abs=0.15)


def test_strangers_have_nothing_in_common() -> None:
    found = compare_manifolds(cloud(100, 0, 0), cloud(100, 50, 1))
    assert (found.precision, found.recall, found.density, found.coverage) == (0, 0, 0, 0)


def test_collapse_keeps_precision_and_loses_recall_and_coverage() -> None:
    one_spot = cloud(200, 0, 1) * 0.01
    found = compare_manifolds(cloud(200, 0, 0), one_spot)
    assert found.precision > 0.95
    assert found.recall < 0.1
    assert found.coverage < 0.2


def test_hand_worked_manifolds_on_a_line() -> None:
    # Third neighbours of 0…5 lie at distances 3, 2, 2, 2, 2, 3; fifth at 5, 4, 3, 3, 4, 5.
    real = np.arange(6.0)[:, None]
    synthetic = np.asarray([2.5, 3.5, 4.5, 20.0, 30.0, 40.0])[:, None]
    found = compare_manifolds(real, synthetic)
    assert found.precision == pytest.approx(3 / 6)
    # 2.5 lies in all 6 wide neighbourhoods; 3.5 in those of 0 (5), 1 (4), 2 (3), 3, 4, 5; 4.5 likewise: 6 each.
    assert found.density == pytest.approx((6 + 6 + 6) / 6 / 5)
    assert found.coverage == 1.0
