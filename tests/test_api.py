"""What a program does with a finished run."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from augment.api import Images, load_classifier, load_dataset, load_generator
from augment.core.errors import SettingsError
from tests.finished.examples import CLASSES, finished_run


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("project"))


def test_an_image_set_is_a_dataset_of_torch_that_stays_on_disk(root: Path) -> None:
    images = load_dataset("toys", root=root)
    assert (len(images), images.classes) == (120, CLASSES)
    assert isinstance(images.image_set.images, np.memmap)
    image, label = images[70]
    assert (image.dtype, image.shape) == (torch.uint8, (1, 8, 8))
    assert np.array_equal(image.numpy(), images.image_set.images[70])
    assert label == images.image_set.labels[70]
    assert images.part.facts["origin"][70] == "synthetic"
    assert len(load_dataset("toys", "val", root=root)) == 60


def half(image: torch.Tensor) -> torch.Tensor:
    return image // 2


def test_loaders_take_it_and_their_workers_open_it_anew(root: Path) -> None:
    images = load_dataset("toys", "merged", transform=half, root=root)
    assert len(pickle.dumps(images)) < 1000
    again: Images = pickle.loads(pickle.dumps(images))  # noqa: S301  # our own
    assert torch.equal(again[3][0], images[3][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own forks
        (batch, labels), *others = DataLoader(images, batch_size=60, num_workers=1, multiprocessing_context="fork")
    assert len(others) == 1
    assert np.array_equal(batch.numpy(), images.image_set.images[:60] // 2)
    assert labels.tolist() == images.part.labels[:60]


def test_what_a_generator_draws_a_classifier_takes(root: Path) -> None:
    drawn = load_generator("toys", root=root).sample("low", 3, seed=1)
    with torch.no_grad():  # the caller's business
        said = load_classifier("toys", root=root).predict(drawn)
    assert said.shape == (3, 3)
    assert load_generator("toys", "smote", root=root).name == "smote"
    assert load_classifier("toys", "real/plain", 1, root=root).arm == "real/plain"


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"params\.yaml: expected the settings here, found no file"):
        load_dataset("toys", root=tmp_path)
