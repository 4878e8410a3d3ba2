"""A training step against the same step by hand: each term of both losses, their gradients, the updates that follow."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.synthesis.networks.layers import Head
from tests.synthesis.by_hand import AdamByHand, RmsPropByHand, gradients_of
from tests.synthesis.gan.step_by_hand import BASE, BATCH, HALFWAY, TERMS, assert_as_expected, by_hand, start


def largest_weight(network: nn.Module) -> float:
    return max(weight.abs().max().item() for weight in network.parameters())


@pytest.mark.parametrize("term", ["hinge", *TERMS])
def test_both_losses_are_the_sum_of_their_terms(term: str, stripes: ImageSet, cpu: Machine) -> None:
    training = start(stripes, cpu, **TERMS.get(term, {}))
    expected = by_hand(training, HALFWAY)
    figures = training.step(HALFWAY, 1.0)
    assert_as_expected(training, figures, expected())


@pytest.mark.parametrize("term", TERMS)
def test_every_term_matters(term: str, stripes: ImageSet, cpu: Machine) -> None:
    # Else the comparison above would hold of a term that neither side has.
    bare, rich = start(stripes, cpu), start(stripes, cpu, **TERMS[term])
    for training in (bare, rich):
        training.step(HALFWAY, 1.0)
    moved = [
        len(before) != len(after) or not all(map(torch.allclose, before, after))
        for before, after in (
            (gradients_of(bare.discriminator), gradients_of(rich.discriminator)),
            (gradients_of(bare.generator), gradients_of(rich.generator)),
        )
    ]
    assert moved == [term != "top-k", True]


def test_r1_waits_for_its_turn(stripes: ImageSet, cpu: Machine) -> None:
    training = start(stripes, cpu, **TERMS["r1"])
    for number in (51, 54):
        expected = by_hand(training, number)
        figures = training.step(number, 1.0)
        assert_as_expected(training, figures, expected())


def test_with_spectral_normalisation_real_and_generated_images_share_one_pass(stripes: ImageSet, cpu: Machine) -> None:
    # Each pass moves the normalised weights: a pass for each half would meet two discriminators.
    training = start(stripes, cpu, discriminator={"spectral_norm": True})
    expected = by_hand(training, HALFWAY)
    training.step(HALFWAY, 1.0)
    assert_close(gradients_of(training.discriminator), expected().of_discriminator, rtol=1e-3, atol=1e-5)


def test_the_generator_learns_from_the_images_of_the_discriminators_last_turn(stripes: ImageSet, cpu: Machine) -> None:
    once, twice = (
        start(stripes, cpu, optimiser=BASE["optimiser"] | {"discriminator_steps": turns}) for turns in (1, 2)
    )
    once.step(0, 1.0)
    # After one turn: the draws of one turn are gone, and the discriminator is the one that the second turn begins with.
    halfway = start(stripes, cpu)
    halfway.discriminator.load_state_dict(once.discriminator.state_dict())
    halfway.draws.set_state(once.draws.get_state())
    halfway.order.set_state(once.order.get_state())
    expected = by_hand(halfway, 0)
    figures = twice.step(0, 1.0)
    halfway.discriminator.load_state_dict(twice.discriminator.state_dict())
    assert_as_expected(twice, figures, expected())


def test_gradients_are_shortened_to_the_longest_norm_that_is_allowed(stripes: ImageSet, cpu: Machine) -> None:
    bound = 0.01
    training = start(stripes, cpu, optimiser=BASE["optimiser"] | {"gradient_clip": bound})
    expected = by_hand(training, HALFWAY)
    training.step(HALFWAY, 1.0)
    found = expected()
    for network, gradients in (
        (training.discriminator, found.of_discriminator),
        (training.generator, found.of_generator),
    ):
        norm = torch.cat([each.flatten() for each in gradients]).norm()
        assert norm > bound
        assert_close(gradients_of(network), [each * (bound / norm) for each in gradients], rtol=1e-3, atol=1e-6)


def test_clipped_weights_are_those_of_the_discriminator(stripes: ImageSet, cpu: Machine) -> None:
    training = start(stripes, cpu, loss={"kind": "wasserstein", "weight_clip": 0.05})
    assert largest_weight(training.discriminator) > 0.05
    training.step(0, 1.0)
    assert largest_weight(training.discriminator) == pytest.approx(0.05)
    assert largest_weight(training.generator) > 0.05


@pytest.mark.parametrize(("share", "moves_to"), [(0.5, 0.5 - BATCH / 1000), (0.0, 0.0)])
def test_the_adaptive_share_follows_the_scores_of_real_images(
    share: float, moves_to: float, stripes: ImageSet, cpu: Machine
) -> None:
    training = start(stripes, cpu, augmentation={"kinds": ["cutout"], "adaptive": True, "images": 1000})
    training.augmentation.share.fill_(share)
    seen: list[Tensor] = []
    training.discriminator.register_forward_hook(lambda _module, _images, output: seen.append(output[0].detach()))
    training.step(0, 1.0)
    assert training.augmentation.overfitting.item() == pytest.approx(seen[0][:BATCH].sign().mean().item() / 10)
    assert training.augmentation.share.item() == pytest.approx(moves_to)  # a tenth is below the target, 0.6


@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0])
def test_the_rate_is_each_networks_own_times_decay_and_factor(decay: float, stripes: ImageSet, cpu: Machine) -> None:
    rates = {"learning_rate": 1e-3, "discriminator_learning_rate": 4e-3}
    training = start(stripes, cpu, optimiser=rates | {"decay": decay, "decay_to": 0.3})
    training.step(80, 0.25)
    factor = {0.0: 1.0, 0.5: 0.4, 1.0: 0.3}[decay]
    assert training.optimiser_g.param_groups[0]["lr"] == pytest.approx(1e-3 * factor * 0.25)
    assert training.optimiser_d.param_groups[0]["lr"] == pytest.approx(4e-3 * factor * 0.25)


def test_without_a_rate_of_its_own_the_discriminator_has_the_generators(stripes: ImageSet, cpu: Machine) -> None:
    training = start(stripes, cpu)
    training.step(0, 1.0)
    assert training.optimiser_d.param_groups[0]["lr"] == training.optimiser_g.param_groups[0]["lr"] == 0.01


@pytest.mark.parametrize("kind", ["adam", "rmsprop"])
def test_both_networks_are_updated_by_the_optimiser_that_was_asked_for(
    kind: str, stripes: ImageSet, cpu: Machine
) -> None:
    rates = {"learning_rate": 1e-3, "discriminator_learning_rate": 4e-3}
    training = start(stripes, cpu, optimiser={"kind": kind, "betas": [0.5, 0.9], "decay": 0.0} | rates)
    networks = ((training.generator, 1e-3), (training.discriminator, 4e-3))
    hands = [
        AdamByHand(network, (0.5, 0.9)) if kind == "adam" else RmsPropByHand(network) for network, _rate in networks
    ]
    for number in range(3):
        training.step(number, 1.0)
        for (network, rate), hand in zip(networks, hands, strict=True):
            hand.step(gradients_of(network), rate)
            assert_close([*network.parameters()], hand.weights, rtol=1e-4, atol=1e-6, check_stride=False)


@pytest.mark.parametrize(("number", "kept"), [(0, 0.1), (8, 0.5), (90, 0.6)])
def test_the_average_follows_the_updated_generator_slower_and_slower(
    number: int, kept: float, stripes: ImageSet, cpu: Machine
) -> None:
    training = start(stripes, cpu, ema=0.6)  # reached where (1 + step) / (10 + step) exceeds it
    before = [weight.clone() for weight in training.average.parameters()]
    training.step(number, 1.0)
    expected = [kept * old + (1 - kept) * new for old, new in zip(before, training.generator.parameters(), strict=True)]
    assert_close([*training.average.parameters()], expected, rtol=1e-4, atol=1e-6, check_stride=False)
    assert not any(map(torch.equal, before, expected))


def test_a_score_is_realness_and_the_features_product_with_the_class(cpu: Machine) -> None:
    del cpu
    head = Head(4, 3, "both")
    features, labels = torch.randn(5, 4), torch.tensor([0, 2, 1, 1, 0])
    assert head.projection is not None
    assert head.auxiliary is not None
    head.strength = 0.5
    scores, logits = head(features, labels)
    for row, label in enumerate(labels.tolist()):
        by_class = features[row] @ head.projection.weight[label]
        expected = features[row] @ head.realness.weight[0] + head.realness.bias[0] + 0.5 * by_class
        assert_close(scores[row], expected)
    assert_close(logits, features @ head.auxiliary.weight.T + head.auxiliary.bias)
