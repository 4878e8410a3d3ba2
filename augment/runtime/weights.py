"""Network weights on disk: safetensors, so that loading executes nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from augment.core.errors import ContainerError
from augment.core.store import read_json, require_made, whole, write_json

CONFIG = "model.json"


def write_model(path: Path, config: dict[str, Any], modules: Mapping[str, nn.Module]) -> None:
    """Write a folder with ``model.json`` and one safetensors file a module.

    Args:
        path: The folder to make, whole or not at all.
        config: What is needed to build the modules again, and what made them; plain JSON values.
        modules: File stem → module; parameters and buffers are kept.
    """
    with whole(path) as draft:
        draft.mkdir()
        write_json(draft / CONFIG, config)
        for name, module in modules.items():
            save_file(_contiguous(module.state_dict()), draft / f"{name}.safetensors")


def read_config(path: Path) -> dict[str, Any]:
    """Read the ``model.json`` of a folder made by `write_model`.

    Raises:
        ContainerError: It is missing or broken.
        LeftOutError: The model could not be made.
    """
    require_made(path)
    return read_json(path / CONFIG)


def load_weights(path: Path, name: str, module: nn.Module) -> None:
    """Fill a module with the weights that `write_model` kept under ``name``.

    Raises:
        ContainerError: The file is missing or broken, its names or shapes are not the module's, or it holds NaN.
    """
    file = path / f"{name}.safetensors"
    try:
        weights = load_file(file)
        module.load_state_dict(weights)
    except FileNotFoundError as error:
        raise ContainerError(f"{file}: expected this file, found none") from error
    except (SafetensorError, RuntimeError) as error:
        raise ContainerError(f"{file}: expected weights of {type(module).__name__} ({error})") from error
    require_finite(file, weights)


def require_finite(file: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse numbers that are none: what they are multiplied by would look like an answer.

    Raises:
        ContainerError: A tensor holds NaN or an infinite number.
    """
    bad = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if bad:
        raise ContainerError(f"{file}: expected finite numbers, found others in {', '.join(bad[:10])}")


def _contiguous(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Bring weights to the CPU in the default memory layout, which safetensors asks for."""
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
