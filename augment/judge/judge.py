"""Writing the judge, reading it, and asking it.

Its folder holds ``judge.json`` - classes, image shape, the network's stages - and weights as safetensors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import ConfigDict, Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from augment.core.errors import ContainerError, SettingsError
from augment.core.images import Float32Array, UInt8Array
from augment.core.settings_block import Spec, parse
from augment.core.store import read_json, require_made, whole, write_json
from augment.judge.network import Featured, JudgeNetwork, StageSpec, describe
from augment.runtime.batches import to_float
from augment.runtime.weights import require_finite

BATCH = 512
WEIGHTS, META = "judge.safetensors", "judge.json"


class JudgeSpec(Spec):
    """What ``judge.json`` must hold; whatever stands beside it tells how the judge was made.

    Attributes:
        classes: Class names.
        shape: Channels, height and width of the images.
        stages: The network's.
    """

    model_config = ConfigDict(extra="ignore")

    classes: Annotated[list[str], Field(min_length=1)]
    shape: Annotated[list[int], Field(min_length=3, max_length=3)]
    stages: Annotated[list[StageSpec], Field(min_length=1, max_length=64)]


@dataclass(frozen=True)
class Judge:
    """Says of images what they show.

    Attributes:
        network: In evaluation mode.
        device: Where it runs.
    """

    network: JudgeNetwork
    device: torch.device

    @torch.no_grad()
    def __call__(self, images: UInt8Array) -> tuple[Float32Array, Float32Array]:
        """Give features, float32 N×F, and class probabilities, float32 N×K, of uint8 images, N×C×H×W.

        In fp32 on any machine: judging is cheap, and bfloat16 would round the probabilities.
        """
        parts = [self._ask(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        features, probabilities = (torch.cat(part).cpu().numpy() for part in zip(*parts, strict=True))
        return features, probabilities

    def _ask(self, images: UInt8Array) -> tuple[Tensor, Tensor]:
        batch = to_float(torch.from_numpy(np.array(images)).to(self.device))
        # Twice as fast on a CPU; grey images are in every layout at once, and only the weights can say it.
        features, logits = self.network(batch.contiguous(memory_format=torch.channels_last))
        return features, logits.softmax(1)


def write_judge(
    path: Path, network: Featured, classes: Sequence[str], shape: tuple[int, int, int], about: dict[str, Any]
) -> None:
    """Write a classifier as a judge; equal weights give equal bytes.

    Args:
        path: The folder to make, whole or not at all.
        network: A trained classifier whose modules are those of a `JudgeNetwork`.
        classes: Its class names.
        shape: Channels, height and width of the images it judges.
        about: What made it; plain JSON values.

    Raises:
        ValueError: The network has other modules: it would be read as something else than what was trained.
    """
    meta = {"classes": list(classes), "shape": list(shape), "stages": describe(network)}
    weights = {
        f"{part}.{name}": tensor.detach().cpu().contiguous()
        for part in ("stages", "head")
        for name, tensor in getattr(network, part).state_dict().items()
    }
    alike = _build(parse(JudgeSpec, meta, str(path)))
    if (str(alike.stages), str(alike.head)) != (str(network.stages), str(network.head)):  # modules tell all they are
        raise ValueError(f"{path}: expected a network of the modules\n{alike}\nfound\n{network}")
    with whole(path) as draft:
        draft.mkdir()
        write_json(draft / META, meta | about)
        save_file(weights, draft / WEIGHTS)


def read_judge(path: Path, classes: Sequence[str], shape: tuple[int, int, int], device: torch.device) -> Judge:
    """Read what `write_judge` made; nothing in it is executed.

    Args:
        path: The folder.
        classes: Class names of the images that are to be judged.
        shape: Channels, height and width of those images.
        device: Where it is to run.

    Raises:
        ContainerError: The folder is not whole, or the judge was trained for other classes or another shape.
        LeftOutError: It could not be made.
    """
    require_made(path)
    try:
        meta = parse(JudgeSpec, read_json(path / META), str(path / META))
    except SettingsError as error:
        raise ContainerError(str(error)) from error
    found = (tuple(meta.classes), tuple(meta.shape))
    if found != (tuple(classes), shape):
        raise ContainerError(f"{path}: expected a judge for classes and shape {(tuple(classes), shape)}, found {found}")
    network = _build(meta)
    expected = {name: (tensor.dtype, tensor.shape) for name, tensor in network.state_dict().items()}
    weights = _read_weights(path / WEIGHTS)
    if {name: (tensor.dtype, tensor.shape) for name, tensor in weights.items()} != expected:
        raise ContainerError(f"{path / WEIGHTS}: its weights are not those of the network that {META} describes")
    network.load_state_dict(weights, assign=True)
    return Judge(network.eval().to(device, memory_format=torch.channels_last), device)  # type: ignore[call-overload]  # stubs lack memory_format for modules


def _build(meta: JudgeSpec) -> JudgeNetwork:
    """Build the network without memory for its weights: those of the file take their place."""
    with torch.device("meta"):
        return JudgeNetwork(meta.shape[0], len(meta.classes), meta.stages)


def _read_weights(file: Path) -> dict[str, Tensor]:
    try:
        tensors = load_file(file)
    except FileNotFoundError as error:
        raise ContainerError(f"{file}: expected this file, found none") from error
    except (SafetensorError, OSError) as error:
        raise ContainerError(f"{file}: cannot be read ({error}); truncated or not a judge") from error
    require_finite(file, tensors)
    return tensors
