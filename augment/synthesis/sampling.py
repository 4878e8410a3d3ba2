"""Drawing labelled images from a generator."""

import numpy as np
import torch
from torch import nn

from augment.core.images import IntArray, UInt8Array
from augment.runtime.batches import to_uint8
from augment.runtime.machine import Machine
from augment.synthesis.networks import Generator

BATCH = 256
SETTLING_BATCHES = 16


@torch.no_grad()
def settle_batch_norm(generator: Generator, rng: torch.Generator, machine: Machine) -> None:
    """Fit batch-norm statistics to the generator's present weights, and put it in evaluation mode.

    Averaged weights never saw the statistics that training left behind; a plain mean over fresh batches of
    evenly mixed classes does better ("standing statistics", Brock et al., BigGAN, 2019, arXiv 1809.11096).
    """
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative mean
    generator.train()
    labels = torch.arange(BATCH, device=machine.device) % generator.classes
    for _ in range(SETTLING_BATCHES):
        noise = torch.randn(BATCH, generator.latent_dim, generator=rng).to(machine.device)
        with machine.autocast():
            generator(noise, labels)
    generator.eval()


@torch.no_grad()
def sample(generator: Generator, labels: IntArray, rng: torch.Generator, machine: Machine) -> UInt8Array:
    """Draw one image a label.

    Args:
        generator: In evaluation mode.
        labels: int64, N class indices.
        rng: Source of the noise; an image depends on its position and label, not on how many follow.
        machine: Where to compute.

    Returns:
        uint8, N×C×H×W.
    """
    whole_batches = torch.from_numpy(np.pad(labels, (0, -len(labels) % BATCH)))
    chunks = []
    for chunk in whole_batches.split(BATCH):
        noise = torch.randn(BATCH, generator.latent_dim, generator=rng).to(machine.device)
        with machine.autocast():
            chunks.append(to_uint8(generator(noise, chunk.to(machine.device))))
    return np.concatenate(chunks)[: len(labels)]
