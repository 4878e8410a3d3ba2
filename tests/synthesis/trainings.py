"""Short trainings on the striped images of ``conftest.py``, shared by the tests of every kind of synthesizer."""

from collections.abc import Callable

import numpy as np

from augment.core.images import ImageSet, IntArray, UInt8Array
from augment.runtime.checkpoint import Checkpoint
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.fitting import fit
from augment.synthesis.record import Look, Trained
from augment.synthesis.sampling import sample
from augment.synthesis.specs import SynthesizerSpec
from augment.synthesis.synthesizer import Synthesizer

NO_CHECKPOINT = Checkpoint(None, {})
LABELS = np.repeat(np.arange(3), 20)


def striped_rows(images: UInt8Array) -> IntArray:
    """Give the class that each image shows: where its bright row is."""
    return (images.mean(axis=(1, 3)).argmax(axis=1).astype(np.int64) + 1) * 3 // images.shape[2]


def obedience(synthesizer: Synthesizer, machine: Machine) -> float:
    """Share of samples that show the class they were made for, 0 to 1."""
    images = sample(synthesizer, LABELS, torch_generator(0, "test"), machine)
    return float((striped_rows(images) == LABELS).mean())


def watch(machine: Machine) -> Callable[[Synthesizer], Look]:
    """Make a watcher whose distance is the share of disobedient samples."""

    def look(synthesizer: Synthesizer) -> Look:
        grid = sample(synthesizer, np.arange(3), torch_generator(1, "test"), machine)
        return Look({"frechet_joint_distance": 1.0 - obedience(synthesizer, machine)}, grid)

    return look


def train(
    images: ImageSet,
    machine: Machine,
    spec: SynthesizerSpec,
    seed: int = 0,
    checkpoint: Checkpoint = NO_CHECKPOINT,
    watcher: Callable[[Synthesizer], Look] | None = None,
) -> tuple[Trained, dict[int, UInt8Array]]:
    """Train, and give the grids of the looks by step."""
    grids: dict[int, UInt8Array] = {}
    trained = fit(
        images,
        spec,
        seed,
        machine,
        "test",
        checkpoint,
        watcher or watch(machine),
        lambda step, grid: grids.update({step: grid}),
    )
    return trained, grids
