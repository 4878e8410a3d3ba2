import numpy as np
import pytest

from augment.core.errors import LeftOutError
from augment.quality import manifolds, neighbours
from augment.quality.manifolds import compare_manifolds
from tests.quality.views import cloud


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


def test_what_lies_on_the_edge_of_a_neighbourhood_lies_outside_it() -> None:
    line, third, fifth = np.arange(6.0)[:, None], np.full((6, 1), -3.0), np.full((6, 1), -5.0)
    assert compare_manifolds(line, third).precision == 0
    assert compare_manifolds(third, line).recall == 0
    found = compare_manifolds(line, fifth)
    assert (found.density, found.coverage) == (0, 0)


@pytest.mark.parametrize("size", [10, 100])
def test_expected_coverage_of_one_distribution_is_its_closed_form(size: int) -> None:
    # Naeem et al.: 1 - (N-1)…(N-k) / ((2N-1)…(2N-k)), k = 5, whatever the distribution.
    steps = np.arange(1, 6)
    expected = 1 - np.prod((size - steps) / (2 * size - steps))
    found = [compare_manifolds(cloud(size, 0, 2 * k), cloud(size, 0, 2 * k + 1)).coverage for k in range(200)]
    assert expected >= 0.968
    assert np.mean(found) == pytest.approx(expected, abs=0.01)


def test_manifolds_do_not_depend_on_the_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    real, synthetic = cloud(60, 0, 0), cloud(40, 0.5, 1)
    whole = compare_manifolds(real, synthetic)
    monkeypatch.setattr(neighbours, "TILE_NUMBERS", 128)
    assert compare_manifolds(real, synthetic) == whole


@pytest.mark.parametrize(("real", "synthetic"), [(5, 6), (6, 5)])
def test_sets_too_small_for_the_neighbours_are_refused(real: int, synthetic: int) -> None:
    with pytest.raises(
        LeftOutError, match=f"on either side, found {real} real ones, of val, and {synthetic} synthetic ones"
    ):
        compare_manifolds(cloud(real, 0, 0), cloud(synthetic, 0, 1))


def test_of_many_images_a_sample_of_all_of_them_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two classes in turns: rows at even distances would see only one of them."""
    monkeypatch.setattr(manifolds, "MOST", 60)
    real, synthetic = cloud(600, 0, 0), cloud(600, 0, 1)
    real[::2] += 50
    synthetic[::2] += 50
    found = compare_manifolds(real, synthetic)
    assert min(found.precision, found.coverage) > 0.5
    assert (found.coverage * 60) % 1 == pytest.approx(0, abs=1e-9)
    assert compare_manifolds(real, synthetic) == found
