import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from augment.core.cells import NO_GROUP, Cells, cell_numbers, count_cells, group_names, group_places, groups_of
from augment.core.images import ImageSet, make_image_set

CLASSES = ["cat", "dog"]


def of_cells(cells: list[tuple[int, str | None]], *, synthetic: bool = False) -> ImageSet:
    """Make an image a cell: class index and group."""
    images = np.arange(len(cells), dtype=np.uint8)[:, None, None, None] + np.zeros((1, 1, 8, 8), np.uint8)
    made = make_image_set(images, [label for label, _ in cells], CLASSES, generator_seed=1 if synthetic else None)
    made.manifest["group"] = [group for _, group in cells]
    return made


def test_images_are_counted_by_class_and_group_in_the_order_of_names() -> None:
    found = count_cells(of_cells([(0, "north"), (1, "north"), (1, "east"), (1, "east"), (1, None)]))
    assert (found.classes, found.groups) == (("cat", "dog"), ("east", "north"))
    assert found.counts.tolist() == [[0, 1], [2, 1]]
    assert found.empty.tolist() == [[True, False], [False, False]]
    assert found.missing().tolist() == [[2, 1], [0, 1]]
    assert found.by_group() == {"east": (0, 2), "north": (1, 1)}


def test_a_cell_is_rare_from_less_than_a_third_of_the_largest_on() -> None:
    found = Cells(("cat",), ("a", "b", "c", "d"), np.asarray([[30, 10, 9, 0]]))
    assert found.rare.tolist() == [[False, False, True, True]]
    assert not Cells(("cat",), ("a",), np.asarray([[0]])).rare.any()


def test_without_groups_there_are_no_cells() -> None:
    images = make_image_set(np.zeros((2, 1, 8, 8), np.uint8), [0, 1], CLASSES)
    assert groups_of(images) is None
    assert group_names(images) == ()
    assert cell_numbers(images, []).tolist() == [-1, -1]
    assert group_places(images).tolist() == [0, 0]
    assert count_cells(images).counts.shape == (2, 0)


def test_an_image_without_a_group_is_of_no_cell() -> None:
    images = of_cells([(0, "a"), (1, None)])
    assert groups_of(images).tolist() == ["a", NO_GROUP]  # type: ignore[union-attr]
    assert group_names(images) == ("a",)
    assert cell_numbers(images, ["a"]).tolist() == [0, -1]
    assert group_places(images).tolist() == [1, 0]


def test_synthetic_images_can_be_left_out() -> None:
    assert count_cells(of_cells([(0, "a")], synthetic=True), real=True).counts.tolist() == [[0], [0]]
    assert count_cells(of_cells([(0, "a")], synthetic=True)).counts.tolist() == [[1], [0]]


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from("abc")), min_size=1, max_size=30))
def test_what_is_written_by_group_is_read_again(cells: list[tuple[int, str | None]]) -> None:
    found = count_cells(of_cells(cells))
    again = Cells.from_groups(found.classes, found.by_group())
    assert again.counts.tolist() == found.counts.tolist()
    assert found.counts.sum() == len(cells)
    for number, (label, group) in zip(cell_numbers(of_cells(cells), found.groups), cells, strict=True):
        assert (number // len(found.groups), found.groups[number % len(found.groups)]) == (label, group)
