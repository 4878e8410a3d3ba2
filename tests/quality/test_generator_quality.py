import numpy as np
import pytest

from augment.core.errors import LeftOutError
from augment.quality.distances import frechet_distance
from augment.quality.generator_quality import generator_quality, match
from augment.quality.manifolds import compare_manifolds
from tests.quality.views import halves

FIGURES = {
    "frechet_distance",
    "frechet_joint_distance",
    "kernel_distance",
    "precision",
    "recall",
    "density",
    "coverage",
    "label_fidelity",
    "lowest_label_fidelity",
}


def test_the_figures_are_plain_numbers_under_the_names_a_training_loop_logs() -> None:
    found = generator_quality(*halves(10, 0))
    assert set(found) == FIGURES
    assert all(type(value) is float for value in found.values())


def test_match_takes_the_first_images_of_each_class_up_to_the_real_ones() -> None:
    real, other = halves(10, 0)
    few = real.select(np.flatnonzero(real.labels != 3)[:-4])
    kept, found = match(few, other)
    assert kept.labels.tolist() == found.labels.tolist()
    assert match(other, few)[0].labels.tolist() == found.labels.tolist()  # whichever side has fewer
    assert np.bincount(found.labels, minlength=10).tolist() == [10, 10, 10, 0, 10, 10, 10, 10, 10, 6]
    assert np.array_equal(found.features[:10], other.features[other.labels == 0])


def test_all_images_count_for_fidelity_and_matched_ones_for_the_rest() -> None:
    real, other = halves(10, 0)
    doubled = other.select(np.concatenate([np.arange(100), np.full(900, 0)]))  # one image 900 times more
    found = generator_quality(real, doubled)
    assert found["frechet_distance"] == frechet_distance(real.features, match(real, doubled)[1].features)
    assert found["recall"] == compare_manifolds(real.features, other.features).recall
    assert found["label_fidelity"] == (doubled.predicted == doubled.labels).mean()


def test_the_order_of_images_does_not_matter() -> None:
    real, other = halves(10, 0)
    shuffled = other.select(np.random.default_rng(0).permutation(100))
    assert generator_quality(real, shuffled) == pytest.approx(generator_quality(real, other))


def test_too_few_images_are_refused() -> None:
    real, other = halves(10, 0)
    with pytest.raises(LeftOutError, match=r"5 real ones, of val, and 5 synthetic ones, .*: raise split.val or"):
        generator_quality(real, other.select(np.arange(5)))
