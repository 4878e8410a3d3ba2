from dataclasses import replace

import numpy as np

from augment.assessment.memorisation import nearest_in_pixels
from augment.assessment.pictures import PAIRS, beside_nearest, notice, real_beside_synthetic
from augment.core.images import ImageSet, make_image_set
from tests.conftest import striped_images


def level(images: int, value: int, channels: int = 1) -> ImageSet:
    """Make images of classes a and b in turn, class a of one grey level, class b ten levels brighter."""
    pixels = np.full((images, channels, 8, 8), value, dtype=np.uint8)
    pixels[1::2] += 10
    return make_image_set(pixels, [k % 2 for k in range(images)], ["a", "b"])


def test_real_images_are_on_the_left_and_every_class_has_its_row() -> None:
    picture = real_beside_synthetic(level(40, 50), level(40, 150))
    height, width = picture.shape
    assert set(np.unique(picture)) == {50, 60, 150, 160, 255}
    assert set(np.unique(picture[:, : width // 2])) == {50, 60, 255}
    assert set(np.unique(picture[: height // 2])) == {50, 150, 255}


def test_a_translation_stands_where_the_image_stands_that_it_was_made_of() -> None:
    levels = np.arange(10, 26, dtype=np.uint8)
    train = make_image_set(np.broadcast_to(levels[:, None, None, None], (16, 1, 8, 8)), [0] * 8 + [1] * 8, ["a", "b"])
    order = np.asarray([3, 1, 7, 0, 2, 4, 6, 5, *range(15, 7, -1)])
    made = make_image_set(train.images[order] + 100, train.labels[order], ["a", "b"], generator_seed=1)
    made = replace(made, manifest=made.manifest.assign(source_hash=train.manifest["content_hash"].to_numpy()[order]))
    picture = real_beside_synthetic(train, made)
    for row in (picture[picture.shape[0] // 4], picture[3 * picture.shape[0] // 4]):
        values = row[row != 255]
        seen = values[np.flatnonzero(np.diff(values, prepend=-1))]
        assert (seen[:8] + 100).tolist() == seen[8:].tolist()
    assert seen[:8].tolist() == list(range(25, 17, -1))


def test_fewer_images_than_columns_are_shown_again() -> None:
    assert (
        real_beside_synthetic(level(4, 50), level(4, 150)).shape
        == real_beside_synthetic(level(40, 50), level(40, 150)).shape
    )


def test_each_synthetic_image_stands_left_of_its_nearest_training_image() -> None:
    train, synthetic = level(40, 50), level(40, 52)
    picture = beside_nearest(synthetic, train, nearest_in_pixels(synthetic.images, train.images))
    top = picture[picture.shape[0] // 4]
    values = top[top != 255]
    changes = values[np.flatnonzero(np.diff(values, prepend=-1))]
    assert changes.tolist() == [52, 50] * PAIRS


def test_the_synthetic_images_nearest_to_train_are_shown_the_nearest_first() -> None:
    train = make_image_set(np.zeros((1, 1, 8, 8), dtype=np.uint8), [0], ["a"])
    levels = np.arange(20, 0, -1, dtype=np.uint8)
    synthetic = make_image_set(np.broadcast_to(levels[:, None, None, None], (20, 1, 8, 8)), [0] * 20, ["a"])
    picture = beside_nearest(synthetic, train, nearest_in_pixels(synthetic.images, train.images))
    middle = picture[picture.shape[0] // 2]
    values = middle[(middle != 255) & (middle != 0)]
    assert values[np.flatnonzero(np.diff(values, prepend=-1))].tolist() == [1, 2, 3, 4, 5, 6]


def test_colour_stays_colour() -> None:
    images, labels = striped_images(12, 3, (3, 8, 8))
    coloured = make_image_set(images, labels, ["a", "b", "c"])
    neighbours = nearest_in_pixels(images, images)
    assert beside_nearest(coloured, coloured, neighbours).shape[2] == 3
    assert real_beside_synthetic(coloured, coloured).shape[2] == 3


def test_a_notice_is_black_on_white_and_as_wide_as_its_words() -> None:
    short, long = notice("no image"), notice("no image to draw, as all of them failed")
    assert short.dtype == np.uint8
    assert (short.min() < 50, short.max()) == (True, 255)
    assert short.shape[0] == long.shape[0]
    for picture in (short, long):
        edges = picture[0], picture[-1], picture[:, 0], picture[:, -1]
        assert all((edge == 255).all() for edge in edges)  # nothing is cut off
