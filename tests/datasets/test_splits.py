from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.core.errors import DataError
from augment.datasets.raw import RawImages
from augment.datasets.split_spec import LongTailScarcity, NoScarcity, PerClassScarcity, SplitSpec
from augment.datasets.splits import split_rows, thin

CLASSES = ("a", "b", "c")


def raw(counts: list[int], *, test: int = 0) -> RawImages:
    labels = np.repeat(np.arange(len(counts)), counts)
    is_test = np.arange(len(labels)) % 5 < test if test else None
    return RawImages(np.zeros((len(labels), 1, 8, 8), np.uint8), labels, CLASSES[: len(counts)], is_test)


@given(
    st.lists(st.integers(8, 40), min_size=2, max_size=3),
    st.floats(0.15, 0.5),
    st.floats(0.15, 0.5),
    st.integers(0, 2**31),
)
def test_splits_are_disjoint_complete_and_stratified(counts: list[int], val: float, test: float, seed: int) -> None:
    data = raw(counts)
    split = split_rows(data, SplitSpec(val=val, test=test), seed)
    together = np.concatenate([split.train, split.val, split.test])
    assert sorted(together.tolist()) == list(range(sum(counts)))
    for label, count in enumerate(counts):
        assert abs((data.labels[split.test] == label).sum() - count * test) <= 1.5


def test_the_same_seed_gives_the_same_split_and_another_another() -> None:
    spec = SplitSpec(val=0.2, test=0.2)
    first, again, other = (split_rows(raw([20, 20]), spec, seed) for seed in (1, 1, 2))
    assert first.test.tolist() == again.test.tolist()
    assert first.test.tolist() != other.test.tolist()


def test_sizes_may_be_numbers_of_images() -> None:
    split = split_rows(raw([20, 20]), SplitSpec(val=6, test=10), 0)
    assert (len(split.train), len(split.val), len(split.test)) == (24, 6, 10)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"keep_together": "near_copies"}, False),
        ({"keep_together": ["near_copies", "group"]}, True),
        ({"test": "official", "keep_together": "group"}, True),
        ({"test": {"groups": ["north"]}}, True),
        ({"val": {"groups": ["north"]}}, False),
    ],
)
def test_test_images_are_of_new_groups_where_the_settings_say_so(changes: dict[str, Any], expected: bool) -> None:
    assert SplitSpec.model_validate({"val": 0.2, "test": 0.2} | changes).tests_new_groups() is expected


def test_official_test_images_are_the_test_split() -> None:
    data = raw([20, 20], test=1)
    split = split_rows(data, SplitSpec(val=0.25, test="official"), 0)
    assert data.is_test is not None
    assert split.test.tolist() == np.flatnonzero(data.is_test).tolist()


@pytest.mark.parametrize("test", [0.25, "official"])
def test_of_chosen_rows_the_split_is_that_of_a_set_of_them_alone(test: float | str) -> None:
    data, rows = raw([30, 20], test=1), np.flatnonzero(np.arange(50) % 3)
    spec = SplitSpec.model_validate({"val": 0.25, "test": test})
    assert data.is_test is not None
    fewer = RawImages(data.images[rows], data.labels[rows], data.classes, data.is_test[rows])
    chosen, alone = split_rows(data, spec, 3, rows), split_rows(fewer, spec, 3)
    for name, part in vars(chosen).items():
        assert part.tolist() == rows[getattr(alone, name)].tolist()


def test_official_needs_a_source_that_sets_test_images_apart() -> None:
    with pytest.raises(DataError, match=r"split\.test: official, but this source sets no test images apart"):
        split_rows(raw([20, 20]), SplitSpec(val=0.2, test="official"), 0)


def test_a_class_too_small_for_the_split_is_named() -> None:
    with pytest.raises(DataError, match=r"every class needs at least 2 images .*too few of b \(1\)"):
        split_rows(raw([20, 1]), SplitSpec(val=0.2, test=0.2), 0)


def test_a_split_without_an_image_of_a_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"split: .* found too few of b \(train \d, val \d, test \d\)\. Add images"):
        split_rows(raw([60, 2]), SplitSpec(val=0.2, test=0.1), 0)


def test_more_images_than_there_are_cannot_be_set_apart() -> None:
    with pytest.raises(
        DataError,
        match=r"split\.test: 100 of 40 images would set 100 apart; expected 2 to 38, so that each of the 2 classes",
    ):
        split_rows(raw([20, 20]), SplitSpec(val=0.2, test=100), 0)


@pytest.mark.parametrize(("size", "apart"), [(1, 1), (39, 39), (0.01, 1), (0.99, 40)])
def test_a_split_that_has_no_room_for_every_class_is_told_before_it_is_tried(size: float, apart: int) -> None:
    message = rf"split\.test: {size} of 40 images would set {apart} apart; expected 2 to 38"
    with pytest.raises(DataError, match=message):
        split_rows(raw([20, 20]), SplitSpec(val=0.2, test=size), 0)


def test_scarcity_keeps_the_wanted_number_of_every_class() -> None:
    data = raw([20, 30])
    rows = thin(np.arange(50), data.labels, CLASSES[:2], PerClassScarcity(kind="per_class", count=7), 0)
    assert np.bincount(data.labels[rows]).tolist() == [7, 7]


def test_a_scarcer_set_is_part_of_a_richer_one() -> None:
    data = raw([20, 30])
    few, more = (
        thin(np.arange(50), data.labels, CLASSES[:2], PerClassScarcity(kind="per_class", count=count), 0)
        for count in (5, 9)
    )
    assert set(few.tolist()) < set(more.tolist())


def test_no_scarcity_keeps_everything() -> None:
    rows = np.arange(10)
    assert thin(rows, np.zeros(10, np.int64), CLASSES, NoScarcity(kind="none"), 0).tolist() == rows.tolist()


def test_a_long_tail_falls_exponentially_from_head_to_tail() -> None:
    # 500 · (5/500)^(k/2): 500, 50, 5.
    assert LongTailScarcity(kind="long_tail", head=500, tail=5).targets(3) == [500, 50, 5]


def test_a_class_with_fewer_images_than_wanted_is_named() -> None:
    data = raw([20, 6])
    with pytest.raises(DataError, match="scarcity: class b has 6 train images, expected at least 7"):
        thin(np.arange(26), data.labels, CLASSES[:2], PerClassScarcity(kind="per_class", count=7), 0)
    with pytest.raises(
        DataError, match=r"class a has 20 .* at least 21; class b has 6 train images, expected at least 21"
    ):
        thin(np.arange(26), data.labels, CLASSES[:2], PerClassScarcity(kind="per_class", count=21), 0)
