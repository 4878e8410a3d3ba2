"""A training step of the VAE against the same step by hand: both terms, their weight, the updates that follow."""

import copy
import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.testing import assert_close

from augment.core.images import ImageSet
from augment.runtime.batches import balanced_rows
from augment.runtime.machine import Machine
from augment.synthesis.networks.architectures import Compact
from augment.synthesis.vae.networks import Encoder
from augment.synthesis.vae.training import VaeTraining, divergence, reconstruction_loss
from augment.synthesis.vae.vae_spec import VaeSpec
from tests.synthesis.by_hand import AdamByHand, gradients_of, twin

BATCH, STEPS = 8, 100
SPEC = VaeSpec(kind="vae", steps=STEPS, batch_size=BATCH, learning_rate=0.01, network=Compact(width=4, latent_dim=4))


def start(images: ImageSet, machine: Machine, **settings: float) -> VaeTraining:
    return VaeTraining(images, SPEC.model_copy(update=settings), 0, machine)


def terms_by_hand(training: VaeTraining) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Work out both terms of the coming step, and all parameters that they have a gradient in."""
    encoder, decoder = copy.deepcopy(training.encoder), copy.deepcopy(training.decoder)
    rows = next(balanced_rows(training.labels, BATCH, twin(training.order)))
    images, labels = training.images[rows].float() / 127.5 - 1, training.labels[rows]
    mean, log_variance = encoder(images, labels)
    deviation = torch.exp(log_variance / 2)
    noise = torch.randn(BATCH, 4, generator=twin(training.draws))
    errors = decoder(mean + deviation * noise, labels) - images
    # -log N(x; drawn, s²), summed over 8×8 pixels, where s² is the mean square error: but for a constant, 64 log s.
    reconstruction = 64 * (errors**2).mean().sqrt().log()
    away = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0)).sum() / BATCH
    return reconstruction, away, [*decoder.parameters(), *encoder.parameters()]


@pytest.mark.parametrize("beta", [1.0, 5.0])
def test_the_loss_is_reconstruction_and_beta_times_divergence(beta: float, stripes: ImageSet, cpu: Machine) -> None:
    training = start(stripes, cpu, beta=beta)
    reconstruction, away, weights = terms_by_hand(training)
    figures = training.step(0, 1.0)
    assert_close(figures, torch.stack([reconstruction, away]).detach(), rtol=1e-4, atol=1e-5)
    expected = torch.autograd.grad(reconstruction + beta * away, weights)
    found = [*gradients_of(training.decoder), *gradients_of(training.encoder)]
    assert_close(found, [*expected], rtol=1e-3, atol=1e-5)


def test_encoder_and_decoder_are_updated_by_adam(stripes: ImageSet, cpu: Machine) -> None:
    training = start(stripes, cpu)
    networks = (training.decoder, training.encoder)
    hands = [AdamByHand(network, (0.9, 0.999)) for network in networks]
    for number in range(3):
        training.step(number, 0.5)
        for network, hand in zip(networks, hands, strict=True):
            hand.step(gradients_of(network), 0.005)
            assert_close([*network.parameters()], hand.weights, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("number", "factor"), [(50, 1.0), (75, 0.5), (99, 0.02)])
def test_the_rate_falls_over_the_second_half(number: int, factor: float, stripes: ImageSet, cpu: Machine) -> None:
    training = start(stripes, cpu)
    training.step(number, 0.25)
    assert training.optimiser.param_groups[0]["lr"] == pytest.approx(0.01 * 0.25 * factor)


@pytest.mark.parametrize(("number", "kept"), [(0, 0.1), (90, 0.6)])
def test_the_average_follows_the_updated_decoder(number: int, kept: float, stripes: ImageSet, cpu: Machine) -> None:
    training = start(stripes, cpu, ema=0.6)
    before = [weight.clone() for weight in training.average.parameters()]
    training.step(number, 1.0)
    expected = [kept * old + (1 - kept) * new for old, new in zip(before, training.decoder.parameters(), strict=True)]
    assert_close([*training.average.parameters()], expected, rtol=1e-4, atol=1e-6)
    assert not any(map(torch.equal, before, expected))


def test_the_encoder_sees_the_label(cpu: Machine) -> None:
    del cpu
    encoder = Encoder((1, 9, 13), 3, 4, 5)
    mean, log_variance = encoder(torch.zeros(3, 1, 9, 13), torch.tensor([0, 0, 2]))
    assert mean.shape == log_variance.shape == (3, 5)
    assert_close(mean[0], mean[1])
    assert not torch.allclose(mean[0], mean[2])
    assert not torch.allclose(log_variance[0], log_variance[2])


def test_log_variances_stay_within_what_a_float_bears(cpu: Machine) -> None:
    del cpu
    encoder = Encoder((1, 8, 8), 2, 4, 1)
    torch.nn.init.zeros_(encoder.head.weight)
    encoder.head.bias.data = torch.tensor([20.0, 20.0])
    mean, log_variance = encoder(torch.zeros(1, 1, 8, 8), torch.tensor([0]))
    assert (mean.item(), log_variance.item()) == (20.0, 10.0)
    encoder.head.bias.data = torch.tensor([0.0, -20.0])
    assert encoder(torch.zeros(1, 1, 8, 8), torch.tensor([0]))[1].item() == -10.0


def test_divergence_is_nothing_at_the_prior_and_grows_away_from_it() -> None:
    mean, log_variance = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]), torch.zeros(3, 2)
    log_variance[2, 0] = math.log(4.0)
    # Of means: half the square of their length, 25 / 2. Of the variance 4: (4 - 1 - log 4) / 2.
    assert divergence(mean, log_variance).tolist() == pytest.approx([0.0, 12.5, (3 - math.log(4)) / 2])


def test_reconstruction_is_half_the_log_of_the_error_for_every_number_of_an_image() -> None:
    images = torch.zeros(2, 3, 4, 5)
    assert reconstruction_loss(images + math.e, images).item() == pytest.approx(60.0)
    # Not minus infinity where nothing is wrong.
    assert reconstruction_loss(images, images).item() == pytest.approx(30 * math.log(1e-8))
