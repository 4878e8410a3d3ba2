import pytest
from torch import nn

from augment.synthesis.schedules import linear_decay, update_average


@pytest.mark.parametrize(("progress", "factor"), [(0.0, 1.0), (0.5, 1.0), (0.75, 0.5), (0.99, 0.02), (1.0, 0.02)])
def test_the_rate_is_constant_then_falls(progress: float, factor: float) -> None:
    assert linear_decay(progress, share=0.5, floor=0.02) == pytest.approx(factor)


def test_without_decay_the_rate_is_constant() -> None:
    assert linear_decay(0.999, share=0.0, floor=0.02) == 1.0


def test_the_average_starts_fast_and_slows_down_to_its_bound() -> None:
    average, current = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    average.weight.data.fill_(0.0)
    current.weight.data.fill_(1.0)
    update_average(average, current, 0, 0.999)
    assert average.weight.item() == pytest.approx(0.9)  # decay (1+0)/(10+0) = 0.1
    average.weight.data.fill_(0.0)
    update_average(average, current, 10**6, 0.999)
    assert average.weight.item() == pytest.approx(0.001, rel=1e-3)
