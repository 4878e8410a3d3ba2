"""Which images each run of an arm learns from, where several generators drew."""

import numpy as np
import pandas as pd

from augment.core.generators import for_run, rows_by_generator
from augment.core.images import ImageSet, concatenate, make_image_set
from augment.core.seeding import generator_seed


def drawn(seed: int | None, grey: int) -> ImageSet:
    """Make three images of a generator, or real ones."""
    pixels = np.full((3, 1, 8, 8), grey, np.uint8) + np.arange(3, dtype=np.uint8)[:, None, None, None]
    return make_image_set(pixels, [0, 1, 0], ["a", "b"], generator_seed=seed)


def greys(images: ImageSet) -> list[int]:
    return images.images[:, 0, 0, 0].tolist()


def test_each_run_has_the_real_images_and_its_own_generators_in_order() -> None:
    # By seed 9 is the first: the order of their first images, not of their seeds.
    mixed = concatenate(concatenate(drawn(None, 0), drawn(9, 100)), drawn(4, 200))
    assert greys(for_run(mixed, 0)) == [0, 1, 2, 100, 101, 102]
    assert greys(for_run(mixed, 1)) == [0, 1, 2, 200, 201, 202]
    assert greys(for_run(mixed, 2)) == greys(for_run(mixed, 0))
    assert [rows.tolist() for rows in rows_by_generator(mixed)] == [[3, 4, 5], [6, 7, 8]]


def test_images_of_one_generator_or_none_are_for_every_run() -> None:
    for images in (drawn(None, 0), concatenate(drawn(None, 0), drawn(4, 100))):
        assert for_run(images, 1) is images


def test_a_set_without_real_images_is_divided_alike() -> None:
    assert greys(for_run(concatenate(drawn(4, 100), drawn(9, 200)), 1)) == [200, 201, 202]


def test_the_first_generator_is_trained_by_the_projects_own_seed() -> None:
    seeds = [generator_seed(7, number) for number in range(20)]
    assert seeds[0] == 7
    assert len(set(seeds)) == 20
    assert pd.Series(seeds).max() < 2**63
