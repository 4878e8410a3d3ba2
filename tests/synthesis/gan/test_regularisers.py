from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from augment.core.errors import SettingsError
from augment.core.settings_block import parse
from augment.synthesis.gan.regularisers import (
    Judgement,
    LeCamPenalty,
    R1Penalty,
    Regulariser,
    gradient_penalty,
    r1_penalty,
)

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


def seen(memory: int = 0, **changes: Any) -> Judgement:
    """Make what a regulariser sees of two real and two fake images; the critic is linear, of slope 5."""
    images = torch.randn(2, 1, 1, 2, generator=torch.Generator().manual_seed(0))
    judgement = Judgement(
        critic=linear,
        images=images,
        fakes=-images,
        real=torch.tensor([2.0, 2.0]),
        fake=torch.tensor([-1.0, -1.0]),
        means=torch.tensor([2.0, -1.0]),
        draws=torch.Generator().manual_seed(1),
        memory=torch.zeros(memory),
    )
    return replace(judgement, **changes)


def test_lecam_pulls_scores_to_the_other_sides_running_mean() -> None:
    judgement = seen(LeCamPenalty.MEMORY)
    penalty = LeCamPenalty(weight=0.5).penalty(judgement)
    assert judgement.memory.tolist() == pytest.approx([0.02, -0.01])
    # (2 + 0.01)² + (0.02 + 1)²
    assert penalty.item() == pytest.approx(2.01**2 + 1.02**2)


def test_a_lazy_penalty_is_taken_now_and_then_and_weighs_as_much_more() -> None:
    lazy = R1Penalty(weight=0.1, every=4)
    assert [lazy.due(step) for step in range(9)] == [step in (0, 4, 8) for step in range(9)]
    assert lazy.scale == pytest.approx(0.4)
    assert lazy.penalty(seen()).item() == pytest.approx(25.0)


@pytest.mark.parametrize("kind", Regulariser.registered())
def test_every_regulariser_gives_a_scalar_that_reaches_the_critic_and_repeats(kind: str) -> None:
    regulariser = Regulariser.registered()[kind](weight=0.1)
    found = []
    for _ in range(2):
        critic = nn.Linear(2, 1, bias=False)
        nn.init.ones_(critic.weight)

        def score(x: Tensor, layer: nn.Linear = critic) -> Tensor:
            scores: Tensor = layer(x.flatten(1)).squeeze(1)
            return scores

        images = seen().images
        scores = {"real": score(images), "fake": score(-images)}
        penalty = regulariser.penalty(seen(regulariser.MEMORY, critic=score, **scores))
        assert penalty.shape == ()
        assert penalty >= 0
        penalty.backward()
        assert critic.weight.grad is not None
        assert critic.weight.grad.abs().sum() > 0
        found.append(penalty.item())
    assert found[0] == found[1]
    assert regulariser.due(0)
    assert regulariser.scale >= regulariser.weight


@pytest.mark.parametrize("kind", Regulariser.registered())
@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_a_weight_without_effect_is_refused(kind: str, weight: float) -> None:
    with pytest.raises(SettingsError, match="weight: input should be greater than 0"):
        parse(Regulariser.registered()[kind], {"weight": weight}, "here")
