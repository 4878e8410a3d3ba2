from pathlib import Path

import numpy as np
import pytest
import torch

from augment.classifier.backbones.small_cnn import small_cnn
from augment.classifier.networks import Backbone
from augment.core.errors import ContainerError
from augment.runtime.batches import to_float
from augment.runtime.judge import BATCH, PROGRAM, read_judge, write_judge

CLASSES, SHAPE, CPU = ("a", "b", "c"), (3, 9, 12), torch.device("cpu")


@pytest.fixture
def network() -> Backbone:
    torch.manual_seed(0)
    return small_cnn(SHAPE, len(CLASSES), width=4).eval()


@pytest.fixture
def folder(tmp_path: Path, network: Backbone) -> Path:
    write_judge(tmp_path / "judge", network, CLASSES, SHAPE, {"val_accuracy": 0.5})
    return tmp_path / "judge"


@pytest.mark.parametrize("count", [1, 2, BATCH + 3])
def test_it_says_what_the_network_says(folder: Path, network: Backbone, count: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, *SHAPE), dtype=np.uint8)
    features, probabilities = read_judge(folder, CLASSES, SHAPE, CPU)(images)
    with torch.no_grad():
        floats = to_float(torch.from_numpy(images))
        assert np.allclose(features, network.features(floats).numpy(), atol=1e-5)
        assert np.allclose(probabilities, network(floats).softmax(1).numpy(), atol=1e-5)


def test_equal_weights_give_equal_bytes_that_name_no_file_of_this_machine(
    folder: Path, network: Backbone, tmp_path: Path
) -> None:
    write_judge(tmp_path / "again", network, CLASSES, SHAPE, {"val_accuracy": 0.5})
    program = (folder / PROGRAM).read_bytes()
    assert (tmp_path / "again" / PROGRAM).read_bytes() == program
    assert b".py" not in program


def test_other_classes_or_shapes_are_refused(folder: Path) -> None:
    with pytest.raises(ContainerError, match="expected a judge for classes and shape"):
        read_judge(folder, ("a", "b"), SHAPE, CPU)
    with pytest.raises(ContainerError, match="expected a judge for classes and shape"):
        read_judge(folder, CLASSES, (1, 9, 12), CPU)


def test_a_truncated_file_is_named(folder: Path) -> None:
    (folder / PROGRAM).write_bytes((folder / PROGRAM).read_bytes()[:1000])
    with pytest.raises(ContainerError, match=r"judge\.pt2: cannot be read .*truncated or not a judge"):
        read_judge(folder, CLASSES, SHAPE, CPU)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / PROGRAM).unlink()
    with pytest.raises(ContainerError, match=r"judge\.pt2: expected this file, found none"):
        read_judge(folder, CLASSES, SHAPE, CPU)
