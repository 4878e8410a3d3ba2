"""One step of a GAN's training by hand: every term of both losses summed, and the gradients of the sums."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from augment.core.images import ImageSet
from augment.runtime.batches import balanced_rows
from augment.runtime.machine import Machine
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.gan.losses import Loss
from augment.synthesis.gan.training import GanTraining
from augment.synthesis.networks.layers import ConditionalBatchNorm2d, Head
from tests.synthesis.by_hand import gradients_of, twin

BATCH, STEPS = 8, 100
BASE: dict[str, Any] = {
    "kind": "gan",
    "steps": STEPS,
    "batch_size": BATCH,
    "network": {"width": 4, "latent_dim": 4},
    "discriminator": {"spectral_norm": False},
    "conditioning": {"discriminator": "projection"},
    "optimiser": {"learning_rate": 0.01},
}
"""No spectral normalisation: with it, weights would change whenever they are used."""

TERMS: dict[str, dict[str, Any]] = {
    "non-saturating": {"loss": {"kind": "non_saturating"}},
    "label smoothing": {"loss": {"kind": "non_saturating", "label_smoothing": 0.2}},
    "least squares": {"loss": {"kind": "least_squares"}},
    "wasserstein": {"loss": {"kind": "wasserstein"}},
    "auxiliary": {"conditioning": {"discriminator": "auxiliary", "auxiliary_weight": 0.7}},
    "projection and auxiliary": {"conditioning": {"discriminator": "both", "auxiliary_weight": 0.3}},
    "labels half faded in": {"conditioning": {"discriminator": "both", "transition": {"begin": 0.4, "end": 0.6}}},
    "labels not yet": {"conditioning": {"discriminator": "both", "transition": {"begin": 0.6, "end": 0.8}}},
    "r1": {"regularisers": {"r1": {"weight": 0.2, "every": 5}}},
    "gradient penalty": {"regularisers": {"gradient_penalty": {"weight": 3.0}}},
    "lecam": {"regularisers": {"lecam": {"weight": 0.5}}},
    "top-k": {"loss": {"top_k": 0.25}},
    "augmentation": {"augmentation": {"kinds": ["translation", "cutout", "colour"], "probability": 0.8}},
    "all at once": {
        "conditioning": {"discriminator": "both", "transition": {"begin": 0.4, "end": 0.6}},
        "loss": {"top_k": 0.25},
        "regularisers": {
            "r1": {"weight": 0.2, "every": 5},
            "gradient_penalty": {"weight": 3.0},
            "lecam": {"weight": 0.5},
        },
        "augmentation": {"kinds": ["cutout"], "probability": 0.8},
    },
}
"""Each term of the losses alone, beside the hinge loss with projection."""

HALFWAY = 50
"""The step at which terms are looked at: R1 is due, labels fade in, top-k keeps 1 - (1 - 0.25) / 2 of the images."""


@dataclass(frozen=True)
class Expected:
    """What a step should come to: figures, and gradients by parameter, each list in the network's own order."""

    figures: list[Tensor]
    of_discriminator: list[Tensor]
    of_generator: list[Tensor]


def start(images: ImageSet, machine: Machine, **blocks: Any) -> GanTraining:
    """Build a training whose classes differ, and whose scores go beyond ±1 (the hinge), as some steps make them."""
    training = GanTraining(images, GanSpec(**BASE | blocks), 0, machine)
    rng = torch.Generator().manual_seed(1)
    for module in training.generator.modules():
        if isinstance(module, ConditionalBatchNorm2d):
            nn.init.uniform_(module.gain.weight, 0.5, 1.5, generator=rng)
    training.discriminator.head.realness.weight.data.mul_(20.0)
    return training


def log_sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x.double()).log()


def discriminator_loss(loss: Loss, real: Tensor, fake: Tensor) -> Tensor:
    smoothing = getattr(loss, "label_smoothing", 0.0)
    match loss.tag():
        case "hinge":
            return (1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean()
        case "non_saturating":
            of_real = -(1 - smoothing) * log_sigmoid(real) - smoothing * log_sigmoid(-real)
            return of_real.mean() - log_sigmoid(-fake).mean()
        case "least_squares":
            return ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2
        case _:
            return fake.mean() - real.mean()


def generator_loss(loss: Loss, fake: Tensor) -> Tensor:
    match loss.tag():
        case "non_saturating":
            return -log_sigmoid(fake).mean()
        case "least_squares":
            return ((fake - 1) ** 2).mean() / 2
        case _:
            return -fake.mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return -logits.softmax(1)[torch.arange(len(labels)), labels].log().mean()


def slopes(discriminator: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Norm of the score's gradient at each image, shape (N,)."""
    images = images.clone().requires_grad_()
    (gradients,) = torch.autograd.grad(discriminator(images, labels)[0].sum(), images, create_graph=True)
    return (gradients**2).sum((1, 2, 3)).sqrt()


def strength_at(number: int, spec: GanSpec) -> float:
    fading = spec.conditioning.transition
    return 1.0 if fading is None else min(1.0, max(0.0, (number / STEPS - fading.begin) / (fading.end - fading.begin)))


def faded(network: nn.Module, strength: float) -> Any:
    copied = copy.deepcopy(network)
    for module in copied.modules():
        if isinstance(module, ConditionalBatchNorm2d | Head):
            module.strength = strength
    return copied


def by_hand(training: GanTraining, number: int) -> Callable[[], Expected]:
    """Work out the discriminator's side of the coming step; the generator's needs the discriminator that it meets."""
    spec, loss = training.spec, training.spec.loss
    regularisers: dict[str, Any] = spec.model_dump()["regularisers"]
    strength, weight = strength_at(number, spec), spec.conditioning.auxiliary_weight
    generator, discriminator = faded(training.generator, strength), faded(training.discriminator, strength)
    augmentation, draws = copy.deepcopy(training.augmentation), twin(training.draws)

    noise = torch.randn(BATCH, 4, generator=draws)
    fake_labels = torch.randint(3, (BATCH,), generator=draws)
    fakes = generator(noise, fake_labels)
    rows = next(balanced_rows(training.labels, BATCH, twin(training.order)))
    images, labels = training.images[rows].float() / 127.5 - 1, training.labels[rows]

    seen = augmentation(torch.cat([images, fakes.detach()]), draws)
    scores, logits = discriminator(seen, torch.cat([labels, fake_labels]))
    real, fake = scores[:BATCH], scores[BATCH:]
    loss_d = total = discriminator_loss(loss, real, fake)
    if logits is not None:
        total = total + strength * weight * cross_entropy(logits[:BATCH], labels)
    if (r1 := regularisers.get("r1")) and number % r1["every"] == 0:
        total = total + r1["weight"] * r1["every"] * (slopes(discriminator, images, labels) ** 2).mean()
    if steep := regularisers.get("gradient_penalty"):
        mixing = torch.rand(BATCH, generator=draws).view(-1, 1, 1, 1)
        between = mixing * images + (1 - mixing) * fakes.detach()
        total = total + steep["weight"] * ((slopes(discriminator, between, labels) - 1) ** 2).mean()
    if lecam := regularisers.get("lecam"):
        # The running means began at 0 and moved a hundredth of the way.
        mean_real, mean_fake = (real.mean() / 100).detach(), (fake.mean() / 100).detach()
        near = ((real - mean_fake).clamp(min=0) ** 2).mean() + ((mean_real - fake).clamp(min=0) ** 2).mean()
        total = total + lecam["weight"] * near
    of_discriminator = torch.autograd.grad(total, [*discriminator.parameters()], allow_unused=True)

    def finish() -> Expected:
        met = faded(training.discriminator, strength)
        scores, logits = met(augmentation(fakes, draws), fake_labels)
        kept = BATCH - int(number / STEPS * (1 - loss.top_k) * BATCH)
        loss_g = total = generator_loss(loss, scores.sort(descending=True).values[:kept])
        if logits is not None:
            total = total + strength * weight * cross_entropy(logits, fake_labels)
        of_generator = torch.autograd.grad(total, [*generator.parameters()])
        figures = [each.detach() for each in (loss_d, loss_g, real.mean(), fake.mean())]
        return Expected(figures, present(of_discriminator), present(of_generator))

    return finish


def present(gradients: tuple[Tensor | None, ...]) -> list[Tensor]:
    return [each for each in gradients if each is not None]


def assert_as_expected(training: GanTraining, figures: Tensor, expected: Expected) -> None:
    assert_close(figures, torch.stack(expected.figures).float(), rtol=1e-4, atol=1e-5)
    assert_close(gradients_of(training.discriminator), expected.of_discriminator, rtol=1e-3, atol=1e-5)
    assert_close(gradients_of(training.generator), expected.of_generator, rtol=1e-3, atol=1e-5)
