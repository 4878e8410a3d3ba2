"""What a trained classifier says of images."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from augment.classifier.networks import Backbone
from augment.core.images import UInt8Array
from augment.runtime.batches import to_float
from augment.runtime.machine import Machine

BATCH = 512

Float32Array = npt.NDArray[np.float32]


def predict_probabilities(network: Backbone, images: UInt8Array, machine: Machine) -> Float32Array:
    """Give class probabilities, float32 N×K, of uint8 images, N×C×H×W; ``network`` is in evaluation mode."""
    return _map(lambda batch: network(batch).softmax(1), images, machine)


def extract_features(network: Backbone, images: UInt8Array, machine: Machine) -> Float32Array:
    """Give the features below the head, float32 N×F, of uint8 images, N×C×H×W."""
    return _map(network.features, images, machine)


@torch.no_grad()
def _map(function: Callable[[Tensor], Tensor], images: UInt8Array, machine: Machine) -> Float32Array:
    """Apply a network batch by batch, in fp32: judging is cheap, and bf16 would round the probabilities."""
    chunks = [
        function(to_float(torch.from_numpy(np.array(images[start : start + BATCH])).to(machine.device))).cpu().numpy()
        for start in range(0, len(images), BATCH)
    ]
    return np.concatenate(chunks)
