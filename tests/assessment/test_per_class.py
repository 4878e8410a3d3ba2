import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from augment.assessment.per_class import compare_manifolds_per_class, quality_per_class
from augment.core.images import first_rows
from augment.quality.generator_quality import generator_quality
from augment.quality.manifolds import compare_manifolds
from tests.quality.views import cloud, halves, labelled, relabel


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


def test_a_class_without_images_is_unknown() -> None:
    real, other = halves(10, 0)
    lacking = quality_per_class(real, other.select(np.flatnonzero(other.labels != 9)))
    assert lacking["images"].tolist() == [10] * 9 + [0]
    assert lacking.loc[9, ["fidelity", "recall", "coverage", "diversity_ratio"]].isna().all()


def test_a_class_is_compared_with_itself_alone() -> None:
    # Class 1 of the synthetic set lies where class 0 of the real one does: together all is well, apart nothing is.
    real = np.concatenate([cloud(30, 0, 0), cloud(30, 50, 1)])
    labels = np.repeat([0, 1], 30)
    found = compare_manifolds_per_class(labelled(real, labels, 2), labelled(real, 1 - labels, 2))
    assert compare_manifolds(real, real).recall == 1.0
    assert (found == 0).all(axis=None)


def test_the_figures_of_a_class_are_those_of_its_images() -> None:
    real, synthetic, labels = cloud(40, 0, 0), cloud(40, 1, 1), np.arange(40) % 2
    found = compare_manifolds_per_class(labelled(real, labels, 2), labelled(synthetic, labels, 2))
    assert found.loc[1].to_dict() == vars(compare_manifolds(real[1::2], synthetic[1::2]))


@given(st.lists(st.integers(0, 8), min_size=2, max_size=4), st.lists(st.integers(0, 8), min_size=4, max_size=4))
def test_a_class_with_fewer_than_six_images_on_either_side_is_unknown(real: list[int], synthetic: list[int]) -> None:
    classes = len(real)
    labels = [np.repeat(np.arange(classes), side[:classes]) for side in (real, synthetic)]
    sides = [labelled(cloud(len(side), 0, seed), side, classes) for seed, side in enumerate(labels)]
    found = compare_manifolds_per_class(*sides)
    enough = [min(pair) >= 6 for pair in zip(real, synthetic, strict=False)]
    assert found.notna().all(axis=1).tolist() == enough
    assert found.isna().all(axis=1).tolist() == [not known for known in enough]
