from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from augment.core.container import read_image_set, write_image_set
from augment.core.errors import LeftOutError
from augment.core.images import ImageSet
from augment.synthesis.classical.bank import ImageBank
from tests.synthesis.classical.conftest import normal, random_images


def filled(train: ImageSet) -> ImageBank:
    bank = ImageBank(train.shape, len(train.classes), len(train))
    bank.fill(train)
    return bank


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_a_label_reaches_the_images_of_its_class_and_all_of_them(counts: list[int]) -> None:
    train = random_images(counts, (1, 2, 2))
    bank = filled(train)
    for label in range(len(counts)):
        rows = bank.choose(normal(400, 1)[:, 0], torch.full((400,), label))
        found = np.unique(bank.images[rows].numpy(), axis=0)
        expected = np.unique(train.images[train.labels == label], axis=0)
        assert np.array_equal(found, expected)


def test_images_on_disk_are_copied(tmp_path: Path) -> None:
    train = random_images([3, 2], (3, 4, 5))
    write_image_set(tmp_path / "train", train, {})
    assert torch.equal(filled(read_image_set(tmp_path / "train")).images, filled(train).images)


def test_a_class_without_images_is_named() -> None:
    with pytest.raises(LeftOutError, match=r"^train: expected at least 1 image of every class, found 0 of class 1$"):
        filled(random_images([2, 0, 1], (1, 2, 2)))
