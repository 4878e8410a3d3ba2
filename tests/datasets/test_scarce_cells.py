import re

import numpy as np
import pytest

from augment.core.errors import DataError
from augment.datasets.cells import cells_in, scarce_cells
from augment.datasets.raw import RawImages
from augment.datasets.split_spec import CellScarcity, PerClassScarcity
from augment.datasets.splits import Split, scarce

CLASSES = ("cat", "dog")


def raw(*, groups: bool = True) -> RawImages:
    """Give 80 images, of cats and dogs in turn, the second half from the south."""
    names = np.repeat(["north", "south"], 40) if groups else None
    return RawImages(np.zeros((80, 1, 8, 8), np.uint8), np.arange(80) % 2, CLASSES, groups=names)


def split() -> Split:
    rows = np.arange(80)
    return Split(rows[rows % 8 < 4], rows[rows % 8 // 2 == 2], rows[rows % 8 // 2 == 3])


def of_cell(rows: np.ndarray, label: int, group: str) -> int:
    images = raw()
    assert images.groups is not None
    return int(((images.labels[rows] == label) & (images.groups[rows] == group)).sum())


def spec(count: int, **cells: list[str]) -> CellScarcity:
    return CellScarcity(kind="cells", count=count, cells=cells or {"south": ["cat"]})


@pytest.mark.parametrize(("count", "of_val"), [(0, 0), (2, 1), (4, 2), (99, 5)])
def test_train_and_val_lose_images_of_the_cell_alone(count: int, of_val: int) -> None:
    dealt = split()
    found, train = scarce(raw(), dealt, spec(count), 0)
    assert of_cell(train, 0, "south") == min(count, 10)
    assert of_cell(found.val, 0, "south") == of_val
    assert len(train) == len(dealt.train) - (10 - min(count, 10))
    assert np.array_equal(found.test, dealt.test)
    assert sorted([*found.train, *found.val]) == sorted([*dealt.train, *dealt.val]), "no image is unaccounted for"


def test_a_smaller_count_keeps_a_subset() -> None:
    kept = [set(scarce(raw(), split(), spec(count), 0)[1].tolist()) for count in (1, 3, 7)]
    assert kept[0] < kept[1] < kept[2]


def test_other_kinds_thin_train_alone() -> None:
    dealt = split()
    found, train = scarce(raw(), dealt, PerClassScarcity(kind="per_class", count=3), 0)
    assert found is dealt
    assert len(train) == 6


def test_cells_without_images_are_told_and_those_with_few() -> None:
    images = raw()
    found, train = scarce(images, split(), spec(0), 0)
    cells = cells_in(images, {"train": train, "val": found.val, "test": found.test})
    assert cells["cat"] == {
        "north": {"train": 10, "val": 5, "test": 5},
        "south": {"train": 0, "val": 0, "test": 5},
    }
    (said,) = scarce_cells(cells)
    assert said.startswith("no train image of cat from south: a classifier may take the group for the class there")
    few = {"cat": {"north": {"train": 10}, "south": {"train": 3}}, "dog": {"north": {"train": 4}}}
    assert list(scarce_cells(few)) == [
        "few train images of cat from south (3), beside 10 of the largest cell of class and group"
    ]
    assert list(scarce_cells({})) == []
    apart = {name: {"north": {"train": 10}, "south": {"train": 0}} for name in ("cat", "dog")}
    assert list(scarce_cells(apart)) == []  # south is set apart whole


@pytest.mark.parametrize("names", [None, ["north"] * 80, [f"patient {k}" for k in range(80)]])
def test_cells_are_not_told_of_one_group_or_very_many(names: list[str] | None) -> None:
    images = RawImages(raw().images, raw().labels, CLASSES, groups=None if names is None else np.asarray(names))
    assert cells_in(images, {"train": np.arange(80)}) == {}


def test_cells_that_do_not_exist_are_named() -> None:
    with pytest.raises(DataError, match=re.escape("no image is of group west, class cow; expected groups among north")):
        scarce(raw(), split(), spec(1, west=["cat"], south=["cow"]), 0)
    with pytest.raises(DataError, match="expected groups among none"):
        scarce(raw(groups=False), split(), spec(1), 0)


def test_a_class_that_would_be_gone_is_named() -> None:
    with pytest.raises(DataError, match=r"too few of cat \(train 0, val 0"):
        scarce(raw(), split(), spec(0, north=["cat"], south=["cat"]), 0)
