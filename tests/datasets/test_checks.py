import numpy as np
import pytest

from augment.core.errors import DataError
from augment.datasets.checks import almost_same, distinct, near_copies, validate
from augment.datasets.raw import RawImages


def raw(images: list[int], labels: list[int], *, is_test: list[bool] | None = None, side: int = 8) -> RawImages:
    """Make images that are filled with one number each."""
    array = np.asarray(images, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, side, side), np.uint8)
    return RawImages(array, np.asarray(labels), ("a", "b"), None if is_test is None else np.asarray(is_test))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (raw([], []), "dataset x: expected images, found none"),
        (raw([1, 2], [0, 0]), "dataset x: expected images of every class, found none of b"),
        (raw([1, 2], [0, 1], side=7), "dataset x: expected sides of 8 to 256 pixels, found 7×7"),
        (raw([1, 2], [0, 1], side=257), "found 257×257"),
        (RawImages(raw([1], [0]).images, np.zeros(1, np.int64), ("a",)), "expected at least 2 classes, found"),
    ],
)
def test_what_cannot_be_used_is_refused(bad: RawImages, message: str) -> None:
    with pytest.raises(DataError, match=message):
        validate(bad, "x", bad.images.shape[1:])


def test_sound_images_pass_and_those_of_another_shape_than_the_settings_do_not() -> None:
    validate(raw([1, 2], [0, 1]), "x", (1, 8, 8))
    with pytest.raises(DataError, match=r"dataset x: expected images of shape \(3, 8, 8\), found \(1, 8, 8\)"):
        validate(raw([1, 2], [0, 1]), "x", (3, 8, 8))


def test_of_equal_images_the_first_is_kept() -> None:
    found = distinct(raw([5, 6, 5, 7], [0, 1, 0, 1]))
    assert (found.rows.tolist(), found.copies.tolist(), found.disputed) == ([0, 1, 3], [2], [])
    assert found.hashes[0] == found.hashes[2]
    assert len(set(found.hashes)) == 3


def test_a_test_image_is_kept_before_its_copy_in_train() -> None:
    assert distinct(raw([5, 6, 5], [0, 1, 0], is_test=[False, False, True])).rows.tolist() == [1, 2]


def test_copies_that_disagree_on_the_label_are_all_dropped() -> None:
    found = distinct(raw([5, 6, 5], [0, 1, 1]))
    assert (found.rows.tolist(), found.copies.tolist(), found.disputed) == ([1], [], [[0, 2]])


def test_frames_of_a_film_are_near_copies_and_pictures_of_a_kind_are_not() -> None:
    rng = np.random.default_rng(0)
    scenes = rng.integers(0, 256, (6, 1, 24, 24))
    frames = np.clip(scenes.repeat(4, axis=0) + rng.integers(-3, 4, (24, 1, 24, 24)), 0, 255).astype(np.uint8)
    near, looked_at, pair = near_copies(frames, 0)
    assert (near, looked_at) == (24, 24)
    assert pair is not None
    assert pair[0] // 4 == pair[1] // 4
    assert pair[0] != pair[1]
    assert near_copies(frames[::4], 0) == (0, 6, None)
    # Distances: 2·30²/3 = 600 against 2·(256²/12) = 10,923 a pixel, 0.23 of it.
    alike = np.clip(scenes.repeat(4, axis=0) // 2 + 64 + rng.integers(-15, 16, (24, 1, 24, 24)), 0, 255)
    assert near_copies(alike.astype(np.uint8), 0) == (0, 24, None)
    assert near_copies(frames, 0, np.arange(1, 24, 4)) == (0, 6, None)
    assert near_copies(frames, 0, np.asarray([1, 5, 9, 13, 14]))[2] == (13, 14)


def test_of_many_images_a_sample_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augment.datasets.checks.PROBES", 7)
    monkeypatch.setattr("augment.datasets.checks.AMONG", 20)
    images = np.random.default_rng(0).integers(0, 256, (100, 3, 9, 40), dtype=np.uint8)
    assert near_copies(images, 0) == (0, 7, None)
    images[1::2] = images[::2]
    near, looked_at, pair = near_copies(images, 0)
    assert 0 < near < looked_at == 7
    assert pair is not None
    assert pair[0] // 2 == pair[1] // 2


@pytest.mark.parametrize(
    ("names", "same"),
    [
        (["Big cat", "big_cat", "dog"], [["Big cat", "big_cat"]]),
        (["caf\u00e9", "cafe\u0301", "cafe"], [["caf\u00e9", "cafe\u0301"]]),
        (["stra\u00dfe", "STRASSE", "a", "\uff21"], [["stra\u00dfe", "STRASSE"], ["a", "\uff21"]]),
        (["cat", "cats", "1", "l"], []),
        (["-1", "1", "+1"], []),
    ],
)
def test_names_that_look_alike_are_found(names: list[str], same: list[list[str]]) -> None:
    assert almost_same(names) == same
