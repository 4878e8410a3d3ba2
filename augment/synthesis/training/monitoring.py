"""Evaluating a synthesizer in training: its samples against val, in the eyes of the judge."""

from dataclasses import dataclass

import numpy as np

from augment.core.images import ImageSet, IntArray, UInt8Array, first_rows
from augment.judge.judge import Judge
from augment.quality.generator_quality import Judged, generator_quality
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.sampling import sample
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.training.record import EvaluationPoint

GRID_COLUMNS, GRID_ROWS = 12, 20
"""Samples a class, most classes shown."""

DECIMALS = 6
"""Of every figure, and so of what the best is chosen by: the last digits of a matrix root depend on where in memory
its matrices happen to lie."""

MOST_IMAGES = 2000
"""To compare with more images of val than this costs more than it tells."""

PURPOSE = "look"
"""What the random draws are for; another word would draw other samples."""


@dataclass(frozen=True)
class HeldOutMonitor:
    """Draws as many samples of each class as val has, always of the same noise, and compares.

    Attributes:
        judge: The network in whose features samples and val are compared.
        real: Val, as the judge sees it.
        grid_labels: Labels to draw for the picture, `GRID_COLUMNS` of each of up to `GRID_ROWS` classes.
        seed: The project's seed (``seed`` in ``params.yaml``).
        machine: Where to compute.
    """

    judge: Judge
    real: Judged
    grid_labels: IntArray
    seed: int
    machine: Machine

    def __call__(self, synthesizer: Synthesizer) -> EvaluationPoint:
        """Evaluate a synthesizer that is ready to sample from."""
        labels = self.real.labels
        images = sample(synthesizer, labels, torch_generator(self.seed, PURPOSE, "samples"), self.machine)
        grid = sample(synthesizer, self.grid_labels, torch_generator(self.seed, PURPOSE, "grid"), self.machine)
        quality = generator_quality(self.real, see(self.judge, images, labels))
        return EvaluationPoint({name: round(value, DECIMALS) for name, value in quality.items()}, grid)


def make_monitor(val: ImageSet, judge: Judge, seed: int, machine: Machine) -> HeldOutMonitor:
    """Prepare comparisons with val.

    Args:
        val: Real images that no synthesizer learns from, of every class.
        judge: Trained on the real train split.
        seed: The project's seed (``seed`` in ``params.yaml``).
        machine: Where to compute.
    """
    counts = val.class_counts()
    seen = val.select(first_rows(val.labels, np.minimum(counts, max(1, MOST_IMAGES // len(counts)))))
    grid_labels = np.repeat(np.arange(min(len(counts), GRID_ROWS)), GRID_COLUMNS)
    return HeldOutMonitor(judge, see(judge, seen.images, seen.labels), grid_labels, seed, machine)


def see(judge: Judge, images: UInt8Array, labels: IntArray) -> Judged:
    """Let the judge see uint8 images, N×C×H×W, of known or intended labels."""
    features, probabilities = judge(images)
    return Judged(features, labels, probabilities)
