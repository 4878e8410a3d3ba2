import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.assessment.diversity import class_diversity, diversity_ratio, inception_score, intra_class_ms_ssim
from augment.quality import neighbours
from tests.conftest import striped_images
from tests.quality.views import collapse, halves, labelled


def test_the_inception_score_matches_a_hand_worked_one() -> None:
    # p(y) = (½, ½). Rows (1, 0) and (0, 1): KL = log 2 each, so 2. Rows equal to p(y): KL = 0, so 1.
    assert inception_score(np.eye(2)) == pytest.approx(2.0)
    assert inception_score(np.full((4, 2), 0.5)) == pytest.approx(1.0)
    # Rows (¾, ¼) and (¼, ¾): KL = ¾ log 1.5 + ¼ log 0.5 = 0.130812.
    assert inception_score(np.asarray([[0.75, 0.25], [0.25, 0.75]])) == pytest.approx(np.exp(0.130812), rel=1e-6)


@given(st.integers(1, 30), st.integers(1, 10), st.floats(0.1, 50), st.integers(0, 2**32 - 1))
def test_the_inception_score_lies_between_one_and_the_number_of_classes(
    images: int, classes: int, sharpness: float, seed: int
) -> None:
    logits = sharpness * np.random.default_rng(seed).normal(size=(images, classes))
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    found = inception_score((probabilities / probabilities.sum(1, keepdims=True)).astype(np.float32))
    assert 1 - 1e-5 <= found <= classes + 1e-5


def test_similarity_within_a_class_tells_collapse_from_variety() -> None:
    images = np.random.default_rng(0).integers(0, 256, size=(60, 1, 16, 16), dtype=np.uint8)
    labels = np.arange(60) % 3
    images[labels == 1] = images[1]
    found = intra_class_ms_ssim(images, labels, 3, 50, np.random.default_rng(0))
    assert found[1] == pytest.approx(1.0)
    assert max(found[0], found[2]) < 0.3


def test_pairs_are_of_two_different_images_of_one_class() -> None:
    # Class 0 is black and white: equal images are alike (1), different ones are not (0.0001).
    images = np.zeros((3, 1, 8, 8), dtype=np.uint8)
    images[1] = 255
    found = intra_class_ms_ssim(images, np.asarray([0, 0, 1]), 2, 40, np.random.default_rng(0))
    assert found[0] == pytest.approx(6.5025 / (255**2 + 6.5025))
    assert np.isnan(found[1])


def test_the_same_generator_draws_the_same_pairs_in_any_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = striped_images(30, 3, (3, 8, 8))
    whole = intra_class_ms_ssim(images, np.asarray(labels), 3, 20, np.random.default_rng(5))
    monkeypatch.setattr(neighbours, "TILE_NUMBERS", 1)
    assert intra_class_ms_ssim(images, np.asarray(labels), 3, 20, np.random.default_rng(5)) == pytest.approx(whole)


def test_hand_worked_diversity() -> None:
    # 0, 1, 5: distances 1, 5, 4, mean 10/3. 2, 12: 10. One image: none.
    features, labels = np.asarray([[0.0], [1.0], [5.0], [2.0], [12.0], [7.0]]), np.asarray([0, 0, 0, 1, 1, 2])
    found = class_diversity(labelled(features, labels, 3))
    assert found[:2] == pytest.approx([10 / 3, 10.0])
    assert np.isnan(found[2])


def test_the_ratio_sees_the_one_class_that_collapsed() -> None:
    real, other = halves(20, 0)
    collapsed = collapse(other, np.asarray([4]), noise=0.5)
    found = diversity_ratio(real, collapsed)
    assert found[4] < 0.3
    assert np.delete(found, 4).min() > 0.6


def test_the_ratio_has_no_bias_at_small_sizes() -> None:
    rng = np.random.default_rng(0)
    labels = [np.zeros(size, dtype=np.int64) for size in (3, 60)]
    of_few = [class_diversity(labelled(rng.normal(size=(3, 4)), labels[0], 1))[0] for _ in range(2000)]
    of_many = [class_diversity(labelled(rng.normal(size=(60, 4)), labels[1], 1))[0] for _ in range(100)]
    assert np.mean(of_few) == pytest.approx(np.mean(of_many), rel=0.02)


def test_real_images_without_any_variety_set_no_scale() -> None:
    features, labels = np.ones((4, 2)), np.zeros(4, dtype=np.int64)
    varied = labelled(np.arange(8.0).reshape(4, 2), labels, 1)
    assert np.isnan(diversity_ratio(labelled(features, labels, 1), varied)).all()
