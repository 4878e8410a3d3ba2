import math

import pytest
import torch

from augment.synthesis.gan.losses import bce_discriminator, build_game, most_real
from augment.synthesis.gan.specs import LossSpec

REAL, FAKE = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


@pytest.mark.parametrize(
    ("kind", "discriminator", "generator"),
    [
        # real: max(0, 1-2) = 0, max(0, 1-0.5) = 0.5; fake: max(0, 1-3) = 0, max(0, 1+0) = 1.
        ("hinge", 0.25 + 0.5, 1.5),
        (
            "non_saturating",
            (softplus(-2) + softplus(-0.5)) / 2 + (softplus(-3) + softplus(0)) / 2,
            (softplus(3) + softplus(0)) / 2,
        ),
        # real: 1², 0.5²; fake: 3², 0²; generator: 4², 1².
        ("least_squares", 0.5 * (1.25 / 2 + 9 / 2), 0.5 * 17 / 2),
        ("wasserstein", -1.5 - 1.25, 1.5),
    ],
)
def test_losses_match_hand_worked_values(kind: str, discriminator: float, generator: float) -> None:
    game = build_game(LossSpec(kind=kind))  # type: ignore[arg-type]  # parametrised
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(discriminator)
    assert game.generator(FAKE).item() == pytest.approx(generator)


def test_one_sided_smoothing_calls_real_images_a_little_fake() -> None:
    expected = 0.9 * softplus(-2) + 0.1 * softplus(2) + softplus(-3)
    assert bce_discriminator(REAL[:1], FAKE[:1], 0.1).item() == pytest.approx(expected)
    game = build_game(LossSpec(kind="non_saturating", label_smoothing=0.1))
    assert game.discriminator(REAL[:1], FAKE[:1]).item() == pytest.approx(expected)


@pytest.mark.parametrize(("share", "kept"), [(1.0, 4), (0.75, 3), (0.6, 3), (0.5, 2), (0.01, 1)])
def test_top_k_keeps_the_most_real(share: float, kept: int) -> None:
    scores = torch.tensor([0.0, 3.0, 1.0, 2.0])
    assert sorted(most_real(scores, share).tolist(), reverse=True) == [3.0, 2.0, 1.0, 0.0][:kept]
