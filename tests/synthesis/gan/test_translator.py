"""The translator: what one step does, summed by hand, and that it learns the other group's look."""

from typing import Any

import pytest
import torch
from torch import Tensor

from augment.core.errors import LeftOutError
from augment.runtime.batches import to_float, to_uint8
from augment.runtime.machine import Machine
from augment.synthesis.gan.gan_spec import OptimiserSpec
from augment.synthesis.gan.translator_network import ConditionalInstanceNorm2d, ConvolutionalTranslator
from augment.synthesis.gan.translator_spec import TranslatorSpec
from augment.synthesis.gan.translator_training import TranslatorTraining
from augment.synthesis.networks.architectures import DiscriminatorSpec
from tests.synthesis.by_hand import gradients_of, twin
from tests.synthesis.scanners import two_scanners

LIGHT = 0.6
"""What scanner b takes in of that of scanner a."""

PLAIN: dict[str, Any] = {"discriminator": DiscriminatorSpec(spectral_norm=False), "augmentation": None}
"""Nothing that draws or iterates within the discriminator."""


EMPTY = {(0, "a"): 20, (1, "a"): 25, (1, "b"): 30}
"""Class 0 was never seen by scanner b."""


def drawn(training: TranslatorTraining) -> tuple[Tensor, Tensor, Tensor]:
    """Repeat the draws of the next step."""
    order, draws = twin(training.order), twin(training.draws)
    cells, starts = torch.tensor([20, 25, 30]), torch.tensor([0, 20, 45])  # in the order of the images
    chosen = torch.randint(3, (8,), generator=order)
    rows = starts[chosen] + (torch.rand(8, generator=order, dtype=torch.float64) * cells[chosen]).long()
    origins = (rows >= 45).long()
    torch.randint(1, 2, (8,), generator=draws)
    return to_float(training.images[rows]), origins, 1 - origins


def test_the_losses_of_a_step_are_those_summed_by_hand(cpu: Machine) -> None:
    spec = TranslatorSpec(steps=4, batch_size=8, width=4, blocks=1, cycle=3.0, identity=0.5, movement=7.0, **PLAIN)
    training = TranslatorTraining(two_scanners(EMPTY, LIGHT), spec, 0, cpu)
    torch.nn.init.normal_(training.translator.last.weight, std=0.1)  # untrained, nothing would change
    images, origins, targets = drawn(training)
    network = training.translator.changed
    translated = network(images, targets)
    with torch.no_grad():
        real, fake = (training.discriminator(*each)[0] for each in ((images, origins), (translated, targets)))
    of_judge = (1 - real).clamp_min(0).mean() + (1 + fake).clamp_min(0).mean()
    there_and_back = (network(translated, origins) - images).abs().mean()
    itself = (network(images, origins) - images).abs().mean()
    moved = (translated - images).square().mean()

    found = training.step(0, 1.0)

    for weight in training.discriminator.parameters():
        weight.requires_grad_(False)
    of_translator = -training.discriminator(translated, targets)[0].mean()  # it is updated first
    expected = torch.stack([of_judge, of_translator, there_and_back, itself, moved])
    assert torch.allclose(found, expected.detach(), atol=1e-5)


def test_the_translator_follows_the_gradient_of_their_weighted_sum(cpu: Machine) -> None:
    spec = TranslatorSpec(steps=4, batch_size=8, width=4, blocks=1, cycle=3.0, identity=0.5, movement=7.0, **PLAIN)
    spec = spec.model_copy(update={"optimiser": spec.optimiser.model_copy(update={"learning_rate": 1e-12})})
    training = TranslatorTraining(two_scanners(EMPTY, LIGHT), spec, 0, cpu)
    torch.nn.init.normal_(training.translator.last.weight, std=0.1)
    images, origins, targets = drawn(training)
    training.step(0, 1.0)
    found = gradients_of(training.translator)
    training.translator.zero_grad()
    translated = training.translator.changed(images, targets)
    total = -training.discriminator(translated, targets)[0].mean()
    total = total + 3.0 * (training.translator.changed(translated, origins) - images).abs().mean()
    total = total + 0.5 * (training.translator.changed(images, origins) - images).abs().mean()
    (total + 7.0 * (translated - images).square().mean()).backward()
    for one, other in zip(found, gradients_of(training.translator), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_a_cell_that_was_never_seen_gets_the_look_of_its_group_and_keeps_its_class(cpu: Machine) -> None:
    images = two_scanners(EMPTY, LIGHT)
    spec = TranslatorSpec(steps=60, batch_size=8, width=8, blocks=0, optimiser=OptimiserSpec(learning_rate=4e-3))
    training = TranslatorTraining(images, spec, 0, cpu)
    for number in range(spec.steps):
        training.step(number, 1.0)
    assert isinstance(training.average, ConvolutionalTranslator)
    source = images.images[:20]
    with torch.no_grad():
        drawn_images = training.average.changed(to_float(torch.from_numpy(source)), torch.ones(20, dtype=torch.int64))
    found = to_uint8(drawn_images)
    assert 0.5 * source.mean() < found.mean() < 0.8 * source.mean(), "as dark as scanner b, that takes 0.6, or nearly"
    assert (found[:, :, :4].mean((1, 2, 3)) > found[:, :, 4:].mean((1, 2, 3))).all(), "the top is still bright"


def test_every_target_is_another_group_and_each_as_likely(cpu: Machine) -> None:
    images = two_scanners({(label, group): 10 for label in (0, 1) for group in "abc"}, LIGHT)
    training = TranslatorTraining(images, TranslatorSpec(steps=1, batch_size=600, width=4, **PLAIN), 0, cpu)
    _, origins, targets = training._draw()
    counts = torch.bincount(origins * 3 + targets, minlength=9).view(3, 3)
    assert counts.diagonal().tolist() == [0, 0, 0]
    assert (counts.sum() == 600) & (counts + 1000 * torch.eye(3) > 60).all()


def test_untrained_it_changes_nothing(cpu: Machine) -> None:
    training = TranslatorTraining(two_scanners(EMPTY, LIGHT), TranslatorSpec(steps=1), 0, cpu)
    images = torch.rand(3, 1, 8, 8)
    assert torch.equal(training.translator.changed(images, torch.tensor([0, 1, 0])), images)


def test_the_norm_takes_an_images_own_mean_and_spread_away() -> None:
    norm = ConditionalInstanceNorm2d(2, 2)
    norm.gain.weight.data[1], norm.bias.weight.data[1] = 3.0, 5.0
    x = torch.randn(2, 2, 6, 6) * 7 + 2
    found = norm(x, torch.tensor([0, 1]))
    assert torch.allclose(found.mean((2, 3)), torch.tensor([[0.0, 0.0], [5.0, 5.0]]), atol=1e-4)
    assert torch.allclose(found.std((2, 3), correction=0), torch.tensor([[1.0, 1.0], [3.0, 3.0]]), atol=1e-3)


def test_images_without_groups_are_left_out(cpu: Machine) -> None:
    images = two_scanners({(0, "a"): 5, (1, "a"): 5}, LIGHT)
    with pytest.raises(LeftOutError, match="at least 2 groups"):
        TranslatorTraining(images, TranslatorSpec(steps=1), 0, cpu)


def test_it_is_built_for_odd_sides() -> None:
    network = ConvolutionalTranslator(TranslatorSpec(steps=1, width=4), (3, 9, 13), 2, rows=4, groups=2)
    assert network.changed(torch.zeros(2, 3, 9, 13), torch.tensor([0, 1])).shape == (2, 3, 9, 13)
