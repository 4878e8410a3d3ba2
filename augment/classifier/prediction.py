"""What a trained classifier says of images."""

import numpy as np
import torch

from augment.classifier.networks import Backbone
from augment.core.images import Float32Array, UInt8Array
from augment.runtime.batches import to_float
from augment.runtime.machine import Machine


@torch.no_grad()
def predict_probabilities(network: Backbone, images: UInt8Array, machine: Machine) -> Float32Array:
    """Give class probabilities, float32 N×K, of uint8 images, N×C×H×W; ``network`` is in evaluation mode.

    In fp32 on any machine: judging is cheap, and bf16 would round the probabilities.
    """
    chunks = []
    for start in range(0, len(images), network.at_once):
        batch = torch.from_numpy(np.array(images[start : start + network.at_once])).to(machine.device)
        logits = network.head(network.recall(to_float(batch)))
        chunks.append(logits.float().softmax(1).cpu().numpy())
    return np.concatenate(chunks)
