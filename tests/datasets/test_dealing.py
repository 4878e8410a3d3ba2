"""Splits that keep together what belongs together: no leak, and each class in proportion as far as that allows."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.core.errors import DataError
from augment.datasets.near import near_pairs
from augment.datasets.question import question
from augment.datasets.raw import RawImages
from augment.datasets.split_spec import SplitSpec
from augment.datasets.splits import Split, split_rows


def told(labels: list[int], groups: list[str] | None = None, **apart: Any) -> RawImages:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 1, 8, 8), dtype=np.uint8)
    names = tuple("abc"[: max(labels) + 1])
    return RawImages(images, np.asarray(labels), names, groups=None if groups is None else np.asarray(groups), **apart)


def spec(val: Any = 0.25, test: Any = 0.25, keep: Any = "group") -> SplitSpec:
    return SplitSpec.model_validate({"val": val, "test": test, "keep_together": keep})


def parts(split: Split) -> dict[str, list[int]]:
    return {name: rows.tolist() for name, rows in vars(split).items()}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), min_size=0, max_size=30), st.integers(0, 99))
def test_no_group_stands_in_two_splits_and_classes_keep_their_shares(sizes: list[tuple[int, int]], seed: int) -> None:
    """Groups of one class each, of every size; 12 images of each class are on their own, so that shares can be met."""
    sizes = [*sizes, *((label, 1) for label in range(3) for _ in range(12))]
    labels = [label for label, count in sizes for _ in range(count)]
    groups = [f"g{number}" for number, (_, count) in enumerate(sizes) for _ in range(count)]
    data = told(labels, groups)
    split = split_rows(data, spec(), seed)
    assert sorted(np.concatenate(list(vars(split).values())).tolist()) == list(range(len(labels)))
    where = Counter((groups[row], name) for name, rows in parts(split).items() for row in rows)
    assert len({group for group, _ in where}) == len(where)
    for label, count in Counter(labels).items():
        assert (
            abs(sum(labels[row] == label for row in split.test) - count * np.ceil(len(labels) / 4) / len(labels)) <= 1
        )


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=12, max_size=40), st.integers(0, 9))
def test_groups_of_several_classes_never_part(members: list[list[int]], seed: int) -> None:
    members = [*members, *([label] for label in range(3) for _ in range(3))]
    labels = [label for own in members for label in own]
    groups = [f"g{number}" for number, own in enumerate(members) for _ in own]
    split = split_rows(told(labels, groups), spec(), seed)
    owner = {groups[row]: name for name, rows in parts(split).items() for row in rows}
    assert all(owner[groups[row]] == name for name, rows in parts(split).items() for row in rows)
    assert sorted(np.concatenate(list(vars(split).values())).tolist()) == list(range(len(labels)))
    assert all(set(np.asarray(labels)[rows]) == {0, 1, 2} for rows in vars(split).values())


def test_patients_of_equal_size_are_dealt_as_evenly_as_can_be() -> None:
    groups = [f"p{patient}" for patient in range(12) for _ in range(8)]
    labels = [patient % 2 for patient in range(12) for _ in range(8)]
    split = split_rows(told(labels, groups), spec(0.25, 1 / 3), 0)
    data = np.asarray(labels)
    assert [np.bincount(data[rows]).tolist() for rows in vars(split).values()] == [[24, 24], [8, 8], [16, 16]]


def test_a_class_of_too_few_groups_is_named() -> None:
    groups = [f"p{number % 2}" if number < 10 else f"q{number}" for number in range(20)]
    with pytest.raises(
        DataError,
        match=r"^split\.test, split\.keep_together: every class needs at least 3 sets .* too few of a \(2\)\. Add",
    ):
        split_rows(told([0] * 10 + [1] * 10, groups), spec(), 0)


def test_groups_that_no_source_tells_cannot_be_kept_together() -> None:
    with pytest.raises(DataError, match=r"split\.keep_together: group, but this source tells no groups"):
        split_rows(told([0, 1] * 10), spec(), 0)


def test_a_named_group_is_the_test_split_and_training_sees_nothing_of_it() -> None:
    groups = ["north" if number % 3 == 0 else "south" for number in range(30)]
    asked = spec(test={"groups": ["north"]}, keep=[])
    split = split_rows(told([number % 2 for number in range(30)], groups), asked, 0)
    assert split.test.tolist() == [number for number in range(30) if number % 3 == 0]
    assert question(asked) == "How well does a classifier do on north, of which training saw nothing?"
    with pytest.raises(DataError, match=r"split\.test: found no group west; expected some of north, south"):
        split_rows(told([0, 1] * 15, groups), spec(test={"groups": ["west"]}, keep=[]), 0)
    with pytest.raises(DataError, match=r"split\.test: groups, but this source tells no groups"):
        split_rows(told([0, 1] * 15), spec(test={"groups": ["west"]}, keep=[]), 0)


OFFICIAL = np.arange(40) % 4 == 3


def test_official_splits_are_kept_in_whole_or_in_part() -> None:
    data = told([number // 4 % 2 for number in range(40)], is_test=OFFICIAL, is_val=np.arange(40) % 4 == 1)
    whole = split_rows(data, spec("official", "official", []), 0)
    assert whole.test.tolist() == list(range(3, 40, 4))
    assert whole.val.tolist() == list(range(1, 40, 4))
    assert whole.train.tolist() == list(range(0, 40, 2))


def test_what_is_left_of_an_official_split_is_in_no_split() -> None:
    data = told([number // 4 % 2 for number in range(40)], is_test=OFFICIAL)
    part = split_rows(data, spec(0.2, {"official": 0.4}, []), 0)
    assert len(part.test) == 4
    assert set(part.test.tolist()) < set(np.flatnonzero(OFFICIAL).tolist())
    assert len(part.train) + len(part.val) == 30
    assert np.bincount(data.labels[part.test]).tolist() == [2, 2]
    with pytest.raises(DataError, match=r"split\.val: official, but this source sets no validation images apart"):
        split_rows(data, spec("official", "official", []), 0)


def test_a_group_in_two_official_splits_is_refused() -> None:
    groups = [f"p{number // 4}" for number in range(40)]
    data = told([number % 2 for number in range(40)], groups, is_test=OFFICIAL)
    with pytest.raises(
        DataError, match=r"split: 10 sets of images .* image \d+ in \w+ and image \d+ in \w+ \(group p0\); image"
    ):
        split_rows(data, spec(0.2, "official"), 0)


def copied(count: int, copies: int, seed: int) -> RawImages:
    """Draw noise, and of each image copies that differ by a grey level here and there."""
    rng = np.random.default_rng(seed)
    base = rng.integers(2, 250, (count, 1, 16, 16))
    frames = np.concatenate([base + (rng.random(base.shape) < 0.05) for _ in range(copies)])
    return RawImages(frames.astype(np.uint8), np.tile(np.arange(count) % 2, copies), ("a", "b"))


@given(st.integers(8, 30), st.integers(2, 4), st.integers(0, 99))
def test_near_copies_never_straddle_splits(count: int, copies: int, seed: int) -> None:
    data = copied(count, copies, seed)
    split = split_rows(data, spec(keep="near_copies"), seed)
    where = {row: name for name, rows in parts(split).items() for row in rows}
    assert len(where) == count * copies
    for picture in range(count):
        assert len({where[picture + count * copy] for copy in range(copies)}) == 1


def test_without_a_word_near_copies_do_straddle() -> None:
    where = {row: name for name, rows in parts(split_rows(copied(20, 3, 0), spec(keep=[]), 0)).items() for row in rows}
    assert any(where[row] != where[row + 20] for row in range(20))


@pytest.mark.parametrize(("rare", "search"), [(1.0, "_by_tree"), (-1.0, "_by_tiles")])
def test_near_pairs_are_all_that_a_comparison_of_every_two_finds(
    rare: float, search: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Distances of every size around the limit, found by brute force beside."""
    monkeypatch.setattr("augment.datasets.near.RARE", rare)
    monkeypatch.setattr("augment.datasets.near.TILE", 64)
    other = {"_by_tree": "_by_tiles", "_by_tiles": "_by_tree"}[search]
    monkeypatch.setattr(f"augment.datasets.near.{other}", None)
    rng = np.random.default_rng(0)
    base = rng.integers(30, 220, (40, 3, 8, 8))
    steps = base[rng.integers(0, 40, 160)] + rng.normal(0, rng.uniform(0, 12, (160, 1, 1, 1)), (160, 3, 8, 8))
    images = np.clip(np.concatenate([base, steps]), 0, 255).astype(np.uint8)
    flat = images.reshape(200, -1).astype(np.float64)
    squares = ((flat[:, None] - flat[None]) ** 2).sum(axis=2)
    usual = squares.sum() / (200 * 199)
    expected = {(i, j) for i in range(200) for j in range(i) if squares[i, j] < 0.01 * usual}
    found = {(high, low) for low, high in near_pairs(images, np.arange(200), 0).tolist()}
    assert found == expected
    assert 20 < len(expected) < 2000


def test_of_chosen_rows_near_pairs_are_told_by_their_own_numbers() -> None:
    data, rows = copied(6, 2, 0), np.array([1, 2, 7, 8, 9])
    assert sorted(near_pairs(data.images, rows, 0).tolist()) == [[1, 7], [2, 8]]


def test_a_film_with_too_many_pairs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augment.datasets.near.MOST_PAIRS", 50)
    with pytest.raises(DataError, match=r"more than 50 pairs of images are nearly the same: keep one of a hundred"):
        split_rows(copied(2, 30, 0), spec(keep="near_copies"), 0)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (spec(keep=[]), "taken at random from the same collection? It says nothing of people, places"),
        (spec(), "on new groups, none of whose images it was trained on? No group stands in two splits."),
        (spec(test="official", keep="near_copies"), "apart? No two splits hold near copies of one picture."),
        (spec(test={"official": 0.5}, keep=[]), "do on a part of the test images that the source sets apart?"),
    ],
)
def test_the_question_is_told_in_words(asked: SplitSpec, words: str) -> None:
    assert words in question(asked)
    assert question(asked).startswith("How well does a classifier do on ")


def test_older_settings_are_told_as_they_were() -> None:
    assert SplitSpec(val=0.2, test=0.25).model_dump() == {"val": 0.2, "test": 0.25}
    assert spec().model_dump() == {"val": 0.25, "test": 0.25, "keep_together": "group"}
