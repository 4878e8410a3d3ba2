import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.core.errors import DataError
from augment.core.images import (
    ImageSet,
    as_text,
    concatenate,
    content_hashes,
    first_rows,
    make_image_set,
    require_disjoint,
    tile,
)


def blank(count: int, *, channels: int = 1, side: int = 8) -> np.ndarray:
    return np.zeros((count, channels, side, side), dtype=np.uint8)


def test_real_images_carry_their_hash_and_no_generator_seed() -> None:
    images = make_image_set(blank(2), [0, 1], ["a", "b"])
    assert images.manifest["origin"].tolist() == ["real", "real"]
    assert images.manifest["class_name"].tolist() == ["a", "b"]
    assert images.manifest["generator_seed"].isna().all()
    assert images.manifest["content_hash"].nunique() == 1


def test_synthetic_images_carry_the_seed_that_drew_them() -> None:
    images = make_image_set(blank(2), [0, 1], ["a", "b"], generator_seed=7)
    assert images.manifest["origin"].tolist() == ["synthetic", "synthetic"]
    assert images.manifest["generator_seed"].tolist() == [7, 7]


def test_every_image_counts_alike_where_no_weights_are_said() -> None:
    images = make_image_set(blank(2), [0, 1], ["a", "b"])
    assert images.weights.tolist() == [1.0, 1.0]
    weighted = ImageSet(images.images, images.manifest.assign(weight=[1.0, 0.25]), images.classes)
    assert weighted.select(np.array([1])).weights.tolist() == [0.25]


def test_splits_that_share_a_real_image_are_refused() -> None:
    images = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(8, axis=2).repeat(8, axis=3)
    train, test = (make_image_set(images[rows], [0, 1, 0], ["a", "b"]) for rows in ([0, 1, 2], [2, 3, 4]))
    with pytest.raises(
        DataError, match=f"train and test: .* found 1, among them {content_hashes(images[2:3])[0].decode()}"
    ):
        require_disjoint(train, test, "train and test")
    require_disjoint(train.select(np.array([0, 1])), test, "train and test")
    drawn = make_image_set(images[:3], [0, 1, 0], ["a", "b"], generator_seed=1)
    require_disjoint(drawn, test, "synthetic images are drawn without a look at test")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (blank(2).astype(float), "expected uint8 N×C×H×W with C 1 or 3, found float64"),
        (blank(2, channels=2), r"found uint8 \(2, 2, 8, 8\)"),
        (blank(2)[0], r"found uint8 \(1, 8, 8\)"),
    ],
)
def test_unfit_arrays_are_refused(images: np.ndarray, message: str) -> None:
    manifest = make_image_set(blank(2), [0, 1], ["a", "b"]).manifest
    with pytest.raises(DataError, match=message):
        ImageSet(images, manifest, ("a", "b"))


def test_a_label_without_a_class_is_refused() -> None:
    manifest = make_image_set(blank(2), [0, 1], ["a", "b"]).manifest
    with pytest.raises(DataError, match="label: expected 0 to 0 for 1 classes, found 0 to 1"):
        ImageSet(blank(2), manifest, ("a",))


def test_a_manifest_of_another_length_is_refused() -> None:
    manifest = make_image_set(blank(2), [0, 1], ["a", "b"]).manifest
    with pytest.raises(DataError, match="manifest: 2 rows for 3 images"):
        ImageSet(blank(3), manifest, ("a", "b"))


def test_concatenation_keeps_every_row_and_its_origin() -> None:
    real = make_image_set(blank(2), [0, 1], ["a", "b"])
    synthetic = make_image_set(blank(3) + np.uint8(9), [1, 1, 0], ["a", "b"], generator_seed=1)
    both = concatenate(real, synthetic)
    assert both.manifest["origin"].tolist() == ["real"] * 2 + ["synthetic"] * 3
    assert both.labels.tolist() == [0, 1, 1, 1, 0]
    assert both.images[:, 0, 0, 0].tolist() == [0, 0, 9, 9, 9]


def test_sets_that_do_not_fit_are_not_concatenated() -> None:
    first = make_image_set(blank(2), [0, 1], ["a", "b"])
    with pytest.raises(DataError, match=r"classes \('a', 'b'\) and \('a', 'c'\) differ"):
        concatenate(first, make_image_set(blank(2), [0, 1], ["a", "c"]))
    with pytest.raises(DataError, match="image shapes"):
        concatenate(first, make_image_set(blank(2, side=9), [0, 1], ["a", "b"]))


def test_the_hash_tells_shapes_apart_that_hold_the_same_bytes() -> None:
    assert content_hashes(np.zeros((1, 1, 2, 8), np.uint8)) != content_hashes(np.zeros((1, 1, 8, 2), np.uint8))


def test_hashes_are_those_of_shape_and_pixels_and_become_text() -> None:
    images = np.arange(2, dtype=np.uint8)[:, None, None, None].repeat(8, axis=2).repeat(8, axis=3)
    expected = [hashlib.sha256(b"(1, 8, 8)" + bytes([value]) * 64).hexdigest() for value in (0, 1)]
    assert as_text(content_hashes(images)).tolist() == expected


def test_hashes_do_not_depend_on_how_many_images_are_hashed_at_a_time() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 1024, 2048), dtype=np.uint8)  # two fill a block
    assert content_hashes(images).tolist() == [content_hashes(images[row : row + 1])[0] for row in range(5)]


@given(st.lists(st.integers(0, 3), max_size=30), st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_first_rows_takes_as_many_as_wanted_and_there_are(labels: list[int], wanted: list[int]) -> None:
    array = np.asarray(labels, dtype=np.int64)
    rows = first_rows(array, np.asarray(wanted))
    assert len(set(rows.tolist())) == len(rows)
    for label in range(4):
        own = [row for row in rows.tolist() if labels[row] == label]
        assert own == np.flatnonzero(array == label)[: wanted[label]].tolist()


@given(st.integers(1, 3), st.integers(1, 4), st.sampled_from([1, 3]), st.integers(1, 3))
def test_a_tiled_image_is_found_at_its_place(rows: int, columns: int, channels: int, scale: int) -> None:
    images = np.random.default_rng(0).integers(0, 255, (rows * columns, channels, 5, 4), dtype=np.uint8)
    grid = tile(images, rows, columns, scale=scale)
    assert grid.shape[:2] == ((rows * 6 + 1) * scale, (columns * 5 + 1) * scale)
    row, column = rows - 1, columns - 1
    top, left = row * 6 + 1, column * 5 + 1
    found = grid[::scale, ::scale][top : top + 5, left : left + 4]
    expected = images[-1, 0] if channels == 1 else images[-1].transpose(1, 2, 0)
    assert (found == expected).all()
    assert (grid[:scale] == 255).all()
