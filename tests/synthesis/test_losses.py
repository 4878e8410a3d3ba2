import pytest
import torch
from torch import nn

from augment.synthesis.losses import hinge_discriminator, hinge_generator, linear_decay, update_average


def test_hinge_losses_match_hand_worked_values() -> None:
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])
    # real: max(0, 1-2) = 0, max(0, 1-0.5) = 0.5; fake: max(0, 1-3) = 0, max(0, 1+0) = 1.
    assert hinge_discriminator(real, fake).item() == pytest.approx(0.25 + 0.5)
    assert hinge_generator(fake).item() == pytest.approx(1.5)


@pytest.mark.parametrize(("step", "factor"), [(0, 1.0), (50, 1.0), (75, 0.5), (99, 0.02), (100, 0.02)])
def test_the_rate_is_constant_then_falls(step: int, factor: float) -> None:
    assert linear_decay(step, 100) == pytest.approx(factor)


def test_the_average_starts_fast_and_slows_down_to_its_bound() -> None:
    average, current = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    average.weight.data.fill_(0.0)
    current.weight.data.fill_(1.0)
    update_average(average, current, 0, 0.999)
    assert average.weight.item() == pytest.approx(0.9)  # decay (1+0)/(10+0) = 0.1
    average.weight.data.fill_(0.0)
    update_average(average, current, 10**6, 0.999)
    assert average.weight.item() == pytest.approx(0.001, rel=1e-3)
