import pytest
import torch
from torch import Tensor, nn

from augment.synthesis.gan.regularisers import LeCam, clip_weights, gradient_penalty, r1_penalty

SLOPE = torch.tensor([3.0, 4.0]).view(1, 1, 1, 2)  # of norm 5


def linear(images: Tensor) -> Tensor:
    return (images * SLOPE).sum((1, 2, 3))


def quadratic(images: Tensor) -> Tensor:
    return images.square().sum((1, 2, 3))


def test_a_linear_critic_has_the_same_slope_everywhere() -> None:
    real, fake = torch.randn(4, 1, 1, 2), torch.randn(4, 1, 1, 2)
    assert r1_penalty(linear, real).item() == pytest.approx(25.0)
    assert gradient_penalty(linear, real, fake, torch.rand(4)).item() == pytest.approx((5 - 1) ** 2)


def test_the_gradient_penalty_is_taken_between_fake_and_real() -> None:
    real, fake = torch.full((1, 1, 1, 1), 2.0), torch.zeros(1, 1, 1, 1)
    # The gradient of x² at the point a quarter of the way, 0.5, is 1; at real, 2, it is 4.
    assert gradient_penalty(quadratic, real, fake, torch.tensor([0.25])).item() == pytest.approx(0.0)
    assert gradient_penalty(quadratic, real, fake, torch.tensor([1.0])).item() == pytest.approx(9.0)
    assert r1_penalty(quadratic, real).item() == pytest.approx(16.0)


def test_penalties_reach_the_weights_of_the_critic() -> None:
    critic = nn.Linear(2, 1)
    r1_penalty(lambda x: critic(x.flatten(1)).squeeze(1), torch.randn(3, 1, 1, 2)).backward()
    assert critic.weight.grad is not None
    assert torch.allclose(critic.weight.grad, 2 * critic.weight)  # d|w|²/dw


def test_lecam_pulls_scores_to_the_other_sides_running_mean() -> None:
    lecam = LeCam()
    lecam.update(torch.tensor([2.0, -1.0]))
    penalty = lecam(torch.tensor([2.0]), torch.tensor([-1.0]))
    assert lecam.means.tolist() == pytest.approx([0.02, -0.01])
    # (2 + 0.01)² + (0.02 + 1)²
    assert penalty.item() == pytest.approx(2.01**2 + 1.02**2)


def test_clipped_weights_stay_within_the_bound() -> None:
    layer = nn.Linear(10, 10)
    nn.init.normal_(layer.weight)
    clip_weights(layer, 0.01)
    assert layer.weight.abs().max().item() == pytest.approx(0.01)
