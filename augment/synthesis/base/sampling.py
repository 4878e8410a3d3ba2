"""Drawing labelled images from a synthesizer."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from augment.core.images import IntArray, UInt8Array
from augment.runtime.batches import to_uint8
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.base.translator import Translator

BATCH = 256
BATCHES_AT_ONCE = 16
"""Autocast converts the weights anew each time it is entered: once for so many batches."""
SETTLING_BATCHES = 8


@torch.no_grad()
def settle_batch_norm(synthesizer: Synthesizer, seed: int, machine: Machine) -> None:
    """Fit batch-norm statistics to the synthesizer's present weights, and put it in evaluation mode.

    Averaged weights never saw the statistics that training left behind; a plain mean over fresh batches of
    evenly mixed classes does better ("standing statistics", Brock et al., BigGAN, 2019, arXiv 1809.11096).
    """
    norms = [module for module in synthesizer.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative mean
    synthesizer.train()
    rng = torch_generator(seed, "synthesizer", "batch statistics")
    labels = torch.arange(BATCH, device=machine.device) % synthesizer.classes
    for _ in range(SETTLING_BATCHES if norms else 0):
        noise = torch.randn(BATCH, synthesizer.latent_dim, generator=rng).to(machine.device)
        with machine.autocast():
            synthesizer(noise, labels)
    synthesizer.eval()


@torch.no_grad()
def sample_batches(
    synthesizer: Synthesizer,
    labels: IntArray,
    rng: torch.Generator,
    machine: Machine,
    groups: IntArray | None = None,
) -> Iterator[UInt8Array]:
    """Draw one image a label, batch after batch, so that any number of them fits in memory.

    Args:
        synthesizer: In evaluation mode.
        labels: int64, N class indices.
        rng: Source of the noise; an image depends on its position and label, not on how many follow.
        machine: Where to compute.
        groups: int64, N places of the groups that a `Translator` is to translate to; None leaves them to the noise.

    Yields:
        uint8, up to `BATCH`×C×H×W.
    """
    wanted = (labels,) if groups is None else (labels, groups)
    chunks = [[of[start : start + BATCH] for of in wanted] for start in range(0, len(labels), BATCH)]
    for first in range(0, len(chunks), BATCHES_AT_ONCE):
        with machine.autocast():
            drawn = [
                _draw(synthesizer, *each, rng=rng, machine=machine) for each in chunks[first : first + BATCHES_AT_ONCE]
            ]
        yield from drawn  # outside: whoever takes the batches computes as before


def _draw(synthesizer: Synthesizer, *wanted: IntArray, rng: torch.Generator, machine: Machine) -> UInt8Array:
    """Draw up to a batch; always a whole one is computed, since the last digits depend on its size."""
    count = len(wanted[0])
    whole = [torch.from_numpy(np.pad(each, (0, BATCH - count))).to(machine.device) for each in wanted]
    noise = torch.randn(BATCH, synthesizer.latent_dim, generator=rng).to(machine.device)
    return to_uint8(synthesizer(noise, *whole))[:count]


def sources(synthesizer: Translator, labels: IntArray, groups: IntArray, rng: torch.Generator) -> IntArray:
    """Tell which of a translator's images each of `sample_batches` is made of.

    Args:
        synthesizer: On the CPU.
        labels: int64, N class indices.
        groups: int64, N places of the groups to translate to.
        rng: In the state that the images were drawn from.

    Returns:
        int64, shape (N,), rows of the translator's bank.
    """
    found = []
    for start in range(0, len(labels), BATCH):
        noise = torch.randn(BATCH, synthesizer.latent_dim, generator=rng)
        wanted = [torch.from_numpy(of[start : start + BATCH]) for of in (labels, groups)]
        found.append(synthesizer.source_rows(noise[: len(wanted[0])], *wanted).numpy())
    return np.concatenate(found)


def sample(synthesizer: Synthesizer, labels: IntArray, rng: torch.Generator, machine: Machine) -> UInt8Array:
    """Draw one image a label at once, uint8 N×C×H×W; see `sample_batches`."""
    return np.concatenate(list(sample_batches(synthesizer, labels, rng, machine)))
