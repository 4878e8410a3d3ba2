"""Short trainings on the striped images of ``conftest.py``, shared by the tests of every kind of synthesizer."""

from collections.abc import Callable
from typing import Any

import numpy as np

from augment.core.images import ImageSet, IntArray, UInt8Array
from augment.core.settings_block import parse
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.sampling import sample
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.training.checkpoint import Checkpoint
from augment.synthesis.training.fitting import fit
from augment.synthesis.training.record import EvaluationPoint, TrainedSynthesizer

NO_CHECKPOINT = Checkpoint(None, {})
LABELS = np.repeat(np.arange(3), 20)


def spec_of(settings: dict[str, Any]) -> SynthesizerSpec:
    """Validate settings as params.yaml has them."""
    return parse(SynthesizerSpec.registered()[settings["kind"]], settings, "here")


def striped_rows(images: UInt8Array) -> IntArray:
    """Give the class that each image shows: where its bright row is."""
    return (images.mean(axis=(1, 3)).argmax(axis=1).astype(np.int64) + 1) * 3 // images.shape[2]


def obedience(synthesizer: Synthesizer, machine: Machine) -> float:
    """Share of samples that show the class they were made for, 0 to 1."""
    images = sample(synthesizer, LABELS, torch_generator(0, "test"), machine)
    return float((striped_rows(images) == LABELS).mean())


def monitor(machine: Machine) -> Callable[[Synthesizer], EvaluationPoint]:
    """Make a monitor whose distance is the share of disobedient samples."""

    def evaluate(synthesizer: Synthesizer) -> EvaluationPoint:
        grid = sample(synthesizer, np.arange(3), torch_generator(1, "test"), machine)
        return EvaluationPoint({"frechet_joint_distance": 1.0 - obedience(synthesizer, machine)}, grid)

    return evaluate


def train(
    images: ImageSet,
    machine: Machine,
    spec: SynthesizerSpec,
    seed: int = 0,
    checkpoint: Checkpoint = NO_CHECKPOINT,
    evaluate: Callable[[Synthesizer], EvaluationPoint] | None = None,
) -> tuple[TrainedSynthesizer, dict[int, UInt8Array]]:
    """Train, and give the grids of the evaluation points by step."""
    grids: dict[int, UInt8Array] = {}
    trained = fit(
        images,
        spec,
        seed,
        machine,
        "test",
        checkpoint,
        evaluate or monitor(machine),
        lambda step, grid: grids.update({step: grid}),
    )
    return trained, grids
