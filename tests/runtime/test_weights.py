from pathlib import Path

import pytest
import torch
from torch import nn

from augment.core.errors import ContainerError
from augment.runtime.weights import load_weights, read_config, require_finite, write_model


def test_weights_and_config_survive_the_disk(tmp_path: Path) -> None:
    first, second = nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last), nn.Conv2d(2, 3, 3)
    write_model(tmp_path / "m", {"width": 3}, {"net": first})
    load_weights(tmp_path / "m", "net", second)
    assert torch.equal(first.weight, second.weight)
    assert read_config(tmp_path / "m") == {"width": 3}


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m", {}, {"net": nn.Linear(2, 2)})
    with pytest.raises(ContainerError, match=r"net\.safetensors: expected weights of Linear"):
        load_weights(tmp_path / "m", "net", nn.Linear(2, 3))


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    write_model(tmp_path / "m", {}, {"net": nn.Linear(9, 9)})
    file = tmp_path / "m" / "net.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(ContainerError, match=r"net\.safetensors: expected weights of Linear"):
        load_weights(tmp_path / "m", "net", nn.Linear(9, 9))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match=r"net\.safetensors: expected this file, found none"):
        load_weights(tmp_path, "net", nn.Linear(1, 1))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_no_numbers_are_named(tmp_path: Path, value: float) -> None:
    layer = nn.Linear(2, 2)
    layer.weight.data[1, 0] = layer.bias.data[1] = value
    write_model(tmp_path / "m", {}, {"net": layer})
    with pytest.raises(
        ContainerError, match=r"net\.safetensors: expected finite numbers, found others in bias, weight$"
    ):
        load_weights(tmp_path / "m", "net", nn.Linear(2, 2))


def test_of_many_broken_tensors_ten_are_named() -> None:
    broken = {f"t{k:02}": torch.full((2,), torch.nan) for k in range(12)} | {"whole": torch.ones(2)}
    with pytest.raises(ContainerError, match=r"f: expected finite numbers, found others in t00, .*, t09$"):
        require_finite(Path("f"), broken)
