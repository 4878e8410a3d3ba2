import numpy as np
import pytest

from augment.core.errors import DataError
from augment.datasets.sources import RawImages
from augment.datasets.validation import distinct_rows, validate


def raw(images: list[int], labels: list[int], *, is_test: list[bool] | None = None, side: int = 8) -> RawImages:
    """Make images that are filled with one number each."""
    array = np.asarray(images, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, side, side), np.uint8)
    return RawImages(array, np.asarray(labels), ("a", "b"), None if is_test is None else np.asarray(is_test))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (raw([], []), "dataset x: expected images, found none"),
        (raw([1, 2], [0, 0]), "dataset x: expected images of every class, found none of b"),
        (raw([1, 2], [0, 1], side=7), "dataset x: expected sides of 8 to 128 pixels, found 7×7"),
        (raw([1, 2], [0, 1], side=129), "found 129×129"),
        (RawImages(raw([1], [0]).images, np.zeros(1, np.int64), ("a",)), "expected at least 2 classes, found"),
    ],
)
def test_what_cannot_be_used_is_refused(bad: RawImages, message: str) -> None:
    with pytest.raises(DataError, match=message):
        validate(bad, "x")


def test_sound_images_pass() -> None:
    validate(raw([1, 2], [0, 1]), "x")


def test_of_equal_images_the_first_is_kept() -> None:
    assert distinct_rows(raw([5, 6, 5, 7], [0, 1, 0, 1])).tolist() == [0, 1, 3]


def test_a_test_image_is_kept_before_its_copy_in_train() -> None:
    assert distinct_rows(raw([5, 6, 5], [0, 1, 0], is_test=[False, False, True])).tolist() == [1, 2]


def test_copies_that_disagree_on_the_label_are_all_dropped() -> None:
    assert distinct_rows(raw([5, 6, 5], [0, 1, 1])).tolist() == [1]
