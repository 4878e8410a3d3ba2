from typing import Any

import numpy as np
import torch
from torch import nn

from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.sampling import BATCH, BATCHES_AT_ONCE, sample, sample_batches, settle_batch_norm
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.gan.networks import build_generator
from augment.synthesis.networks.architectures import Compact
from augment.synthesis.networks.pair import Generator


def small_generator() -> Generator[Any]:
    spec = GanSpec(kind="gan", steps=1, network=Compact(width=4, latent_dim=6))
    return build_generator(spec, (1, 8, 8), 3)


def test_an_image_does_not_depend_on_how_many_follow(cpu: Machine) -> None:
    generator = small_generator().eval()
    labels = np.arange(BATCH + 44) % 3
    many = sample(generator, labels, torch_generator(0, "x"), cpu)
    few = sample(generator, labels[:7], torch_generator(0, "x"), cpu)
    assert many.shape == (BATCH + 44, 1, 8, 8)
    assert (many[:7] == few).all()


def test_batches_are_the_whole_in_parts(cpu: Machine) -> None:
    generator = small_generator().eval()
    labels = np.arange(2 * BATCH + 5) % 3
    parts = list(sample_batches(generator, labels, torch_generator(0, "x"), cpu))
    assert [len(part) for part in parts] == [BATCH, BATCH, 5]
    assert np.array_equal(np.concatenate(parts), sample(generator, labels, torch_generator(0, "x"), cpu))


def test_no_image_is_lost_or_drawn_twice_where_more_follow_than_are_drawn_at_once(cpu: Machine) -> None:
    generator = small_generator().eval()
    labels = np.arange(BATCH * BATCHES_AT_ONCE + 5) % 3
    images = sample(generator, labels, torch_generator(0, "x"), cpu)
    assert len(images) == len(labels)
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) > 0.99 * len(images)


def test_whoever_takes_the_batches_computes_in_fp32_as_before() -> None:
    where = Machine(torch.device("cpu"), bf16=True)
    for _ in sample_batches(small_generator().eval(), np.arange(2 * BATCH) % 3, torch_generator(0, "x"), where):
        assert not torch.is_autocast_enabled("cpu")


def test_settling_fits_the_statistics_to_the_weights(cpu: Machine) -> None:
    generator = small_generator()
    settle_batch_norm(generator, 0, cpu)
    assert not generator.training
    seen: list[torch.Tensor] = []
    first = next(module for module in generator.modules() if isinstance(module, nn.BatchNorm2d))
    first.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        generator(torch.randn(4000, 6, generator=torch_generator(1, "x")), torch.zeros(4000, dtype=torch.long))
    assert seen[0].mean().abs() < 0.05
    assert abs(float(seen[0].std()) - 1.0) < 0.05
