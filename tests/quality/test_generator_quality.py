import numpy as np
import pytest

from augment.core.errors import DataError
from augment.core.images import first_rows
from augment.quality.distances import frechet_distance
from augment.quality.generator_quality import generator_quality, match, quality_per_class, sample_floor
from augment.quality.manifolds import compare_manifolds
from tests.quality.views import digits, halves, relabel

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
    assert found["label_fidelity"] == (doubled.verdicts == doubled.labels).mean()


def test_the_order_of_images_does_not_matter() -> None:
    real, other = halves(10, 0)
    shuffled = other.select(np.random.default_rng(0).permutation(100))
    assert generator_quality(real, shuffled) == pytest.approx(generator_quality(real, other))


def test_the_floor_of_real_images_is_below_a_generator_that_swaps_labels() -> None:
    real, other = halves(40, 0)
    floor = sample_floor(other, real, np.random.default_rng(0))
    assert set(floor) == FIGURES
    assert floor["frechet_joint_distance"] < generator_quality(real, relabel(other, 1, 7))["frechet_joint_distance"]
    assert floor["label_fidelity"] == (real.verdicts == real.labels).mean()


def test_the_floor_has_the_class_counts_of_val_and_follows_its_seed() -> None:
    val, _ = halves(10, 0)
    train = digits()
    first, same, other = (sample_floor(train, val, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == same
    assert first["frechet_distance"] != other["frechet_distance"]
    # Ten times the images would have a far lower distance: the floor is of val's size.
    assert first["frechet_distance"] > 1.5 * frechet_distance(train.features, val.features)


def test_the_floor_of_a_lopsided_train_split_is_of_one_mix_with_val() -> None:
    train, val = halves(50, 0)
    tail = train.select(first_rows(train.labels, np.asarray([50] * 5 + [5] * 5)))
    floor = sample_floor(tail, val, np.random.default_rng(0))["frechet_distance"]
    mixed = frechet_distance(tail.features, val.features)
    even = train.select(first_rows(train.labels, np.full(10, 27)))
    assert floor < 0.7 * mixed
    assert floor < 1.5 * frechet_distance(even.features, val.features)


def test_few_images_that_are_as_good_as_real_ones_cover_as_many_of_them() -> None:
    real, other = halves(50, 0)
    few = other.select(first_rows(other.labels, np.full(10, 8)))
    table = quality_per_class(real, few)
    assert table["real_images"].tolist() == [50] * 10
    assert table["coverage"].mean() > 0.8
    assert generator_quality(real, few)["coverage"] > 0.8


def test_the_table_has_a_row_a_class() -> None:
    real, other = halves(10, 0)
    found = quality_per_class(real, relabel(other, 1, 7))
    assert found["images"].tolist() == found["real_images"].tolist() == [10] * 10
    assert found.loc[[1, 7], "fidelity"].max() < 0.3
    assert found.loc[[0, 6], "fidelity"].min() > 0.8
    assert found["real_fidelity"].min() > 0.5
    assert found.loc[[1, 7], "coverage"].max() < found.loc[[0, 6], "coverage"].min()
    assert found.notna().all(axis=None)


def test_too_few_images_are_refused_and_a_class_without_any_is_unknown() -> None:
    real, other = halves(10, 0)
    with pytest.raises(DataError, match=r"5 real ones, of val, and 5 synthetic ones, .*: raise split.val or"):
        generator_quality(real, other.select(np.arange(5)))
    lacking = quality_per_class(real, other.select(np.flatnonzero(other.labels != 9)))
    assert lacking["images"].tolist() == [10] * 9 + [0]
    assert lacking.loc[9, ["fidelity", "recall", "coverage", "diversity_ratio"]].isna().all()
