import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from augment.classifier.backbones.small_cnn import small_cnn
from augment.classifier.building import build_backbone
from augment.classifier.judging import budget
from augment.classifier.networks import Backbone
from augment.core.errors import ContainerError
from augment.judge.judge import BATCH, META, WEIGHTS, read_judge, write_judge
from augment.runtime.batches import to_float

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


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 20), (1, 64, 64)])
def test_the_classifier_that_is_trained_to_be_a_judge_can_become_one(
    tmp_path: Path, shape: tuple[int, int, int]
) -> None:
    trained: Any = build_backbone(shape, 2, budget(20, 20)).eval()
    write_judge(tmp_path / "judge", trained, ("a", "b"), shape, {})
    images = np.full((2, *shape), 99, dtype=np.uint8)
    features, _ = read_judge(tmp_path / "judge", ("a", "b"), shape, CPU)(images)
    with torch.no_grad():
        assert np.allclose(features, trained.features(to_float(torch.from_numpy(images))).numpy(), atol=1e-5)


@pytest.mark.parametrize("other", [nn.GELU(), nn.Sequential(nn.ReLU(), nn.Dropout()), nn.BatchNorm2d(8)])
def test_a_network_that_would_be_read_as_another_is_not_written(
    tmp_path: Path, network: Backbone, other: nn.Module
) -> None:
    network.stages[1] = nn.Sequential(*list(network.stages[1].children())[:-1], other)
    with pytest.raises(ValueError, match="expected a network of the modules"):
        write_judge(tmp_path / "judge", network, CLASSES, SHAPE, {})
    assert not (tmp_path / "judge").exists()


def test_equal_weights_give_equal_bytes(folder: Path, network: Backbone, tmp_path: Path) -> None:
    write_judge(tmp_path / "again", network, CLASSES, SHAPE, {"val_accuracy": 0.5})
    assert (tmp_path / "again" / WEIGHTS).read_bytes() == (folder / WEIGHTS).read_bytes()
    assert (tmp_path / "again" / META).read_bytes() == (folder / META).read_bytes()


def test_other_classes_or_shapes_are_refused(folder: Path) -> None:
    with pytest.raises(ContainerError, match="expected a judge for classes and shape"):
        read_judge(folder, ("a", "b"), SHAPE, CPU)
    with pytest.raises(ContainerError, match="expected a judge for classes and shape"):
        read_judge(folder, CLASSES, (1, 9, 12), CPU)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with pytest.raises(ContainerError, match=r"judge\.safetensors: expected this file, found none"):
        read_judge(folder, CLASSES, SHAPE, CPU)


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"cos\nsystem\n(S'false'\ntR.")


def with_dtype(path: Path) -> None:
    save_file({name: tensor.double() for name, tensor in load_file(path).items()}, path)


def without_head(path: Path) -> None:
    save_file({name: tensor for name, tensor in load_file(path).items() if "head" not in name}, path)


@pytest.mark.parametrize("spoil", [zipped, with_dtype, without_head, lambda path: path.write_bytes(b"\xff" * 64)])
def test_false_weights_are_refused_with_the_files_name(folder: Path, spoil: Any) -> None:
    spoil(folder / WEIGHTS)
    with pytest.raises(ContainerError, match=r"judge\.safetensors: (cannot be read|its weights are not those)"):
        read_judge(folder, CLASSES, SHAPE, CPU)


def test_truncated_weights_are_refused_with_the_files_name(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:1000])
    with pytest.raises(ContainerError, match=r"judge\.safetensors: cannot be read .*truncated or not a judge"):
        read_judge(folder, CLASSES, SHAPE, CPU)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": None}, r"judge\.json has 1 problem.*\n  stages: input should be a valid list"),
        ({"classes": None}, r"judge\.json has 1 problem.*\n  classes: input should be a valid list"),
        ({"shape": [3, 9]}, r"judge\.json has 1 problem.*\n  shape: list should have at least 3 items"),
        ({"stages": [{"channels": 10**9, "halves": True}]}, r"channels: input should be less than or equal to 4096"),
        ({"stages": [{"channels": 4, "halves": False}]}, "its weights are not those of the network"),
    ],
)
def test_a_false_description_is_refused_with_the_files_name(folder: Path, change: dict[str, Any], message: str) -> None:
    meta = json.loads((folder / META).read_text())
    (folder / META).write_text(json.dumps(meta | change))
    with pytest.raises(ContainerError, match=message):
        read_judge(folder, CLASSES, SHAPE, CPU)


def test_a_folder_without_a_description_is_refused(folder: Path) -> None:
    (folder / META).unlink()
    with pytest.raises(ContainerError, match=r"judge\.json: expected this file, found none"):
        read_judge(folder, CLASSES, SHAPE, CPU)


def test_weights_that_are_no_numbers_are_refused(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights["head.bias"][0] = float("inf")
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(ContainerError, match=r"expected finite numbers, found others in head\.bias"):
        read_judge(folder, CLASSES, SHAPE, CPU)
