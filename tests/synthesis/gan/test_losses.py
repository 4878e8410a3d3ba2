import math

import pytest
import torch
from torch import nn

from augment.synthesis.gan.losses import Loss, NonSaturating, Wasserstein, most_real

REAL, FAKE = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


EXPECTED = {
    # real: max(0, 1-2) = 0, max(0, 1-0.5) = 0.5; fake: max(0, 1-3) = 0, max(0, 1+0) = 1.
    "hinge": (0.25 + 0.5, 1.5),
    "non_saturating": (
        (softplus(-2) + softplus(-0.5)) / 2 + (softplus(-3) + softplus(0)) / 2,
        (softplus(3) + softplus(0)) / 2,
    ),
    # real: 1², 0.5²; fake: 3², 0²; generator: 4², 1².
    "least_squares": (0.5 * (1.25 / 2 + 9 / 2), 0.5 * 17 / 2),
    "wasserstein": (-1.5 - 1.25, 1.5),
}
"""Loss → the discriminator's and the generator's, worked by hand."""


@pytest.mark.parametrize("kind", EXPECTED)
def test_losses_match_hand_worked_values(kind: str) -> None:
    loss = Loss.registered()[kind]()
    discriminator, generator = EXPECTED[kind]
    assert loss.discriminator(REAL, FAKE).item() == pytest.approx(discriminator)
    assert loss.generator(FAKE).item() == pytest.approx(generator)


@pytest.mark.parametrize("kind", Loss.registered())
def test_in_every_game_real_scores_should_rise_and_fake_ones_fall_but_for_the_generator(kind: str) -> None:
    loss = Loss.registered()[kind]()
    real, fake = (torch.tensor([0.1, 0.2], requires_grad=True) for _ in range(2))
    loss.discriminator(real, fake).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    fooled = torch.tensor([0.1, 0.2], requires_grad=True)
    loss.generator(fooled).backward()
    assert fooled.grad is not None
    assert (fooled.grad < 0).all()


@pytest.mark.parametrize("kind", Loss.registered())
def test_every_loss_is_a_mean_over_the_batch(kind: str) -> None:
    loss = Loss.registered()[kind]()
    assert loss.discriminator(REAL.repeat(3), FAKE.repeat(3)).item() == pytest.approx(
        loss.discriminator(REAL, FAKE).item()
    )
    assert loss.generator(FAKE.repeat(3)).item() == pytest.approx(loss.generator(FAKE).item())


@pytest.mark.parametrize("kind", Loss.registered())
def test_by_default_a_loss_leaves_weights_alone(kind: str) -> None:
    layer = nn.Linear(10, 10)
    before = layer.weight.clone()
    Loss.registered()[kind]().constrain(layer)
    assert torch.equal(layer.weight, before)


def test_one_sided_smoothing_calls_real_images_a_little_fake() -> None:
    expected = 0.9 * softplus(-2) + 0.1 * softplus(2) + softplus(-3)
    assert NonSaturating(label_smoothing=0.1).discriminator(REAL[:1], FAKE[:1]).item() == pytest.approx(expected)


def test_clipped_weights_stay_within_the_bound() -> None:
    layer = nn.Linear(10, 10)
    nn.init.normal_(layer.weight)
    Wasserstein(weight_clip=0.01).constrain(layer)
    assert layer.weight.abs().max().item() == pytest.approx(0.01)


@pytest.mark.parametrize(("share", "kept"), [(1.0, 4), (0.75, 3), (0.6, 3), (0.5, 2), (0.01, 1)])
def test_top_k_keeps_the_most_real(share: float, kept: int) -> None:
    scores = torch.tensor([0.0, 3.0, 1.0, 2.0])
    assert sorted(most_real(scores, share).tolist(), reverse=True) == [3.0, 2.0, 1.0, 0.0][:kept]
