from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from augment.core.images import UInt8Array, make_image_set
from augment.judge.judge import Judge
from augment.quality.generator_quality import generator_quality
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.sampling import sample
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.training import monitoring
from augment.synthesis.training.monitoring import HeldOutMonitor, make_monitor, see
from tests.conftest import striped_images


class Noise(Synthesizer):
    """Draws its noise as a picture, brighter for a higher class."""

    classes, latent_dim = 3, 64

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Give 8×8 images."""
        return (noise.view(-1, 1, 8, 8) / 4 + labels[:, None, None, None] / 4).clamp(-1, 1)


class PixelJudge:
    """Takes pixels for features, and notes what it was shown."""

    def __init__(self) -> None:
        self.shown: list[UInt8Array] = []

    def __call__(self, images: UInt8Array) -> tuple[Any, Any]:
        """Give five features and the same probabilities of each image."""
        self.shown.append(images)
        features = images.reshape(len(images), -1)[:, :5].astype(np.float32)
        return features, np.tile(np.array([0.2, 0.3, 0.5], np.float32), (len(images), 1))


def monitor(cpu: Machine, counts: list[int], seed: int = 7) -> tuple[HeldOutMonitor, PixelJudge]:
    images, _ = striped_images(sum(counts), 3, (1, 8, 8))
    val = make_image_set(images, np.repeat(np.arange(3), counts), ["low", "middle", "high"])
    judge = PixelJudge()
    return make_monitor(val, cast(Judge, judge), seed, cpu), judge


def test_as_many_of_each_class_as_val_has_are_compared_with_it(cpu: Machine) -> None:
    made, judge = monitor(cpu, [4, 9, 6])
    point = made(Noise())
    labels = np.repeat(np.arange(3), [4, 9, 6])
    expected = sample(Noise(), labels, torch_generator(7, "look", "samples"), cpu)
    assert np.array_equal(judge.shown[1], expected)
    view = see(cast(Judge, judge), expected, labels)
    figures = generator_quality(made.real, view)
    assert point.figures == {name: round(value, 6) for name, value in figures.items()}
    assert np.array_equal(made.real.labels, labels)
    assert np.array_equal(view.labels, labels)
    assert view.probabilities.shape == (19, 3)


def test_the_picture_has_twelve_of_each_class_of_noise_of_its_own(cpu: Machine) -> None:
    made, _ = monitor(cpu, [4, 4, 4])
    expected = sample(Noise(), np.repeat(np.arange(3), 12), torch_generator(7, "look", "grid"), cpu)
    assert np.array_equal(made(Noise()).grid, expected)


def test_the_same_synthesizer_is_told_the_same_and_another_seed_draws_others(cpu: Machine) -> None:
    made, judge = monitor(cpu, [4, 4, 4])
    first, again = made(Noise()), made(Noise())
    assert first.figures == again.figures
    assert np.array_equal(first.grid, again.grid)
    other, _ = monitor(cpu, [4, 4, 4], seed=8)
    assert not np.array_equal(other(Noise()).grid, first.grid)
    assert len(judge.shown) == 3  # val once


def test_of_a_large_val_the_first_of_each_class_are_enough(cpu: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "MOST_IMAGES", 16)
    monkeypatch.setattr(monitoring, "GRID_ROWS", 2)
    made, judge = monitor(cpu, [4, 9, 6])
    images, _ = striped_images(19, 3, (1, 8, 8))
    # Sixteen for three classes are five each; one class has four.
    assert made.real.labels.tolist() == [0] * 4 + [1] * 5 + [2] * 5
    assert np.array_equal(judge.shown[0], images[[*range(4), *range(4, 9), *range(13, 18)]])
    assert made.grid_labels.tolist() == [0] * 12 + [1] * 12
    assert torch.is_grad_enabled()
