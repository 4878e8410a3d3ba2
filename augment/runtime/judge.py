"""The network that judges synthetic images, as an artefact: whoever reads it imports nothing of who made it.

It is kept as an exported program (`torch.export`): graph and weights, no Python code.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile, ZipFile

import numpy as np
import torch
import torch.export.passes
from torch import Tensor, nn

from augment.core.errors import ContainerError
from augment.core.images import Float32Array, UInt8Array
from augment.core.store import read_json, whole, write_json
from augment.runtime.batches import to_float

BATCH = 512
PROGRAM, META = "judge.pt2", "judge.json"


class Featured(Protocol):
    """A classifier whose features can be had."""

    head: nn.Module

    def features(self, images: Tensor) -> Tensor:
        """Map float images in [-1, 1] to the features below ``head``."""


class _Program(nn.Module):
    """From stored images to features and class probabilities."""

    def __init__(self, network: Featured) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.features(to_float(images))
        return features, self.network.head(features).float().softmax(1)


@dataclass(frozen=True)
class Judge:
    """Says of images what they show.

    Attributes:
        program: From uint8 images, N×C×H×W, to features, N×F, and class probabilities, N×K.
        device: Where it runs.
    """

    program: nn.Module
    device: torch.device

    @torch.no_grad()
    def __call__(self, images: UInt8Array) -> tuple[Float32Array, Float32Array]:
        """Give features, float32 N×F, and class probabilities, float32 N×K, of uint8 images, N×C×H×W.

        In fp32 on any machine: judging is cheap, and bfloat16 would round the probabilities.
        """
        parts = [
            self.program(torch.from_numpy(np.array(images[start : start + BATCH])).to(self.device))
            for start in range(0, len(images), BATCH)
        ]
        features, probabilities = (torch.cat(part).cpu().numpy() for part in zip(*parts, strict=True))
        return features, probabilities


def write_judge(
    path: Path, network: nn.Module, classes: Sequence[str], shape: tuple[int, int, int], about: dict[str, Any]
) -> None:
    """Export a classifier to a folder; equal weights give equal bytes.

    Args:
        path: The folder to make, whole or not at all.
        network: A `Featured` classifier, in evaluation mode.
        classes: Its class names.
        shape: Channels, height and width of the images it judges.
        about: What made it; plain JSON values.
    """
    images = torch.zeros(2, *shape, dtype=torch.uint8)
    network = network.to(memory_format=torch.contiguous_format)  # the archive knows no other
    program = _Program(network).eval().cpu()  # type: ignore[arg-type]  # a Module that is Featured
    exported = torch.export.export(program, (images,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    for node in exported.graph.nodes:
        node.meta.pop("stack_trace", None)  # names files and lines of this machine
        node.meta.pop("nn_module_stack", None)
        node.meta.pop("source_fn_stack", None)
    exported.example_inputs = None  # would be pickled
    with whole(path) as draft:
        draft.mkdir()
        write_json(draft / META, {"classes": list(classes), "shape": list(shape), **about})
        torch.export.save(exported, draft / PROGRAM)


def read_judge(path: Path, classes: Sequence[str], shape: tuple[int, int, int], device: torch.device) -> Judge:
    """Read what `write_judge` made.

    Args:
        path: The folder.
        classes: Class names of the images that are to be judged.
        shape: Channels, height and width of those images.
        device: Where it is to run.

    Raises:
        ContainerError: The folder is not whole, or the judge was trained for other classes or another shape.
    """
    meta = read_json(path / META)
    found = (tuple(meta["classes"]), tuple(meta["shape"]))
    if found != (tuple(classes), shape):
        raise ContainerError(f"{path}: expected a judge for classes and shape {(tuple(classes), shape)}, found {found}")
    # An exported program asserts the device it was traced on.
    program = torch.export.passes.move_to_device_pass(_read_program(path / PROGRAM), device)
    return Judge(program.module().to(memory_format=torch.channels_last), device)  # twice as fast on a CPU


def _read_program(file: Path) -> torch.export.ExportedProgram:
    """Read an exported program; of a broken file torch itself says little that helps."""
    try:
        content = file.read_bytes()
        broken = ZipFile(io.BytesIO(content)).testzip()
    except FileNotFoundError as error:
        raise ContainerError(f"{file}: expected this file, found none") from error
    except BadZipFile as error:
        raise ContainerError(f"{file}: cannot be read ({error}); truncated or not a judge") from error
    if broken is not None:
        raise ContainerError(f"{file}: cannot be read (bad checksum of {broken}); expected a judge")
    return torch.export.load(io.BytesIO(content))
