import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from augment.assessment.memorisation import class_units, memorisation, nearest_in_cell, nearest_in_pixels
from augment.core.errors import LeftOutError
from augment.core.images import ImageSet, make_image_set

distance_lists = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=30)


def test_pixel_distances_are_grey_levels() -> None:
    train = np.zeros((2, 3, 4, 4), dtype=np.uint8)
    train[1] = 100
    found = nearest_in_pixels(train + 7, train)
    assert found.distance.tolist() == [7.0, 7.0]
    assert found.row.tolist() == [0, 1]
    # Half of the pixels off by 30: root of 30² / 2.
    half = train[:1].copy()
    half[..., :2] = 30
    assert nearest_in_pixels(half, train).distance[0] == pytest.approx(30 / 2**0.5)


def test_hand_worked_figures() -> None:
    # Rank 0.25 · (3 + 1) = 1: the threshold is the lowest held-out distance, 2; 1.5 and 1 lie below.
    # Pairs (synthetic < held-out): 1 and 1.5 beat 2, 4, 6; 4 beats 6 and ties with 4; 9 none: 7.5 of 12.
    found = memorisation(np.asarray([1.0, 1.5, 4.0, 9.0]), np.asarray([6.0, 2.0, 4.0]), quantile=0.25)
    assert found.figures() == {
        "ratio": 0.6875,  # of the medians 2.75 and 4
        "threshold": 2.0,
        "near_copies": 0.5,
        "expected_near_copies": 0.25,
        "pull": 0.625,
    }
    assert found.near_copy.tolist() == [True, True, False, False]


@given(distance_lists, distance_lists)
def test_the_pull_is_the_mann_whitney_statistic(synthetic: list[float], held_out: list[float]) -> None:
    expected = mannwhitneyu(held_out, synthetic, method="asymptotic").statistic / (len(synthetic) * len(held_out))
    assert memorisation(np.asarray(synthetic), np.asarray(held_out)).pull == pytest.approx(expected)


@given(distance_lists, distance_lists)
def test_swapping_the_sides_mirrors_the_pull(synthetic: list[float], held_out: list[float]) -> None:
    first, second = np.asarray(synthetic), np.asarray(held_out)
    assert memorisation(first, second).pull + memorisation(second, first).pull == pytest.approx(1.0)


@pytest.mark.parametrize("held_out", [5, 20, 99, 150, 400])
def test_images_that_copy_nothing_have_the_expected_share_of_near_copies(held_out: int) -> None:
    """400 rounds of fresh distances; the mean share must lie within four standard errors."""
    rng = np.random.default_rng(held_out)
    rounds = [memorisation(rng.gamma(3, size=200), rng.gamma(3, size=held_out)) for _ in range(400)]
    shares = np.asarray([found.near_copies for found in rounds])
    assert rounds[0].expected_near_copies == max(0.01, 1 / (held_out + 1))
    assert abs(shares.mean() - rounds[0].expected_near_copies) < 4 * shares.std() / 20
    assert np.mean([found.pull for found in rounds]) == pytest.approx(0.5, abs=0.02)


def test_copies_are_found() -> None:
    rng = np.random.default_rng(0)
    train, held_out = (rng.integers(0, 256, size=(200, 1, 8, 8), dtype=np.uint8) for _ in range(2))
    fresh = rng.integers(0, 256, size=(150, 1, 8, 8), dtype=np.uint8)
    noisy = (train[:50].astype(int) + rng.integers(-2, 3, size=(50, 1, 8, 8))).clip(0, 255).astype(np.uint8)
    found = nearest_in_pixels(np.concatenate([noisy, fresh]), train)
    judged = memorisation(found.distance, nearest_in_pixels(held_out, train).distance)
    assert found.row[:50].tolist() == list(range(50))
    assert judged.near_copy[:50].all()
    assert judged.near_copy[50:].mean() < 0.05
    assert judged.pull > 0.55


def test_wholesale_copying_is_a_pull_of_one() -> None:
    found = memorisation(np.zeros(20), np.linspace(1, 2, 30))
    assert (found.pull, found.near_copies, found.ratio) == (1.0, 1.0, 0.0)


def test_held_out_copies_of_train_leave_no_ratio() -> None:
    found = memorisation(np.ones(5), np.zeros(5))
    assert np.isnan(found.ratio)
    assert (found.pull, found.near_copies) == (0.0, 0.0)


def test_units_are_the_medians_of_held_out_images_of_the_class() -> None:
    labels = np.asarray([0, 0, 0, 1, 1, 3, 3, 3])
    units = class_units(np.asarray([1.0, 2.0, 9.0, 4.0, 6.0, 0.0, 0.0, 8.0]), labels, 4)
    # No held-out image of class 2, and two of the three of class 3 are copies: the median of all, 3.
    assert units.tolist() == [2.0, 5.0, 3.0, 3.0]
    assert class_units(np.zeros(3), np.zeros(3, dtype=np.int64), 1).tolist() == [1.0]


def test_copies_of_a_class_that_lies_far_apart_are_found() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 200)
    held_out = rng.gamma(9, size=400) * np.where(labels == 0, 1.0, 10.0)
    copies = np.full(200, held_out[labels == 1].min() / 2)  # farther than most unseen images of the dense class
    synthetic = np.concatenate([rng.gamma(9, size=200), copies])
    assert memorisation(synthetic, held_out).near_copy[200:].mean() == 0.0
    units = class_units(held_out, labels, 2)[labels]
    found = memorisation(synthetic / units, held_out / units)
    assert found.near_copy[200:].all()
    assert found.near_copy[:200].mean() < 0.05


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(LeftOutError, match="found 3 synthetic, 0 held-out"):
        memorisation(np.ones(3), np.ones(0))


def in_cells(levels: list[int], labels: list[int], groups: list[str]) -> ImageSet:
    pixels = np.asarray(levels, np.uint8)[:, None, None, None] + np.zeros((1, 1, 8, 8), np.uint8)
    found = make_image_set(pixels, labels, ["a", "b"])
    return ImageSet(found.images, found.manifest.assign(group=groups), found.classes)


def test_the_nearest_image_of_a_cell_is_of_its_class_and_group() -> None:
    train = in_cells([10, 20, 30, 40], [0, 0, 1, 1], ["u", "v", "u", "u"])
    images = in_cells([20, 20, 31, 9], [0, 1, 1, 1], ["u", "u", "u", "v"])
    found = nearest_in_cell(images, train)
    assert found.row.tolist() == [0, 2, 2, -1]
    assert found.distance.tolist() == [10.0, 10.0, 1.0, np.inf]
