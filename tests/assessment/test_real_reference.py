import numpy as np

from augment.assessment.real_reference import real_reference
from augment.core.images import first_rows
from augment.quality.distances import frechet_distance
from augment.quality.generator_quality import generator_quality
from tests.quality.views import digits, halves, relabel


def test_real_images_score_better_than_a_generator_that_swaps_labels() -> None:
    real, other = halves(40, 0)
    found = real_reference(other, real, np.random.default_rng(0))
    assert set(found) == set(generator_quality(real, other))
    assert found["frechet_joint_distance"] < generator_quality(real, relabel(other, 1, 7))["frechet_joint_distance"]
    assert found["label_fidelity"] == (real.predicted == real.labels).mean()


def test_the_reference_has_the_class_counts_of_val_and_follows_its_seed() -> None:
    val, _ = halves(10, 0)
    train = digits()
    first, same, other = (real_reference(train, val, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == same
    assert first["frechet_distance"] != other["frechet_distance"]
    # Ten times the images would have a far lower distance: the reference is of val's size.
    assert first["frechet_distance"] > 1.5 * frechet_distance(train.features, val.features)


def test_the_reference_of_a_lopsided_train_split_is_of_one_mix_with_val() -> None:
    train, val = halves(50, 0)
    tail = train.select(first_rows(train.labels, np.asarray([50] * 5 + [5] * 5)))
    found = real_reference(tail, val, np.random.default_rng(0))["frechet_distance"]
    mixed = frechet_distance(tail.features, val.features)
    even = train.select(first_rows(train.labels, np.full(10, 27)))
    assert found < 0.7 * mixed
    assert found < 1.5 * frechet_distance(even.features, val.features)
