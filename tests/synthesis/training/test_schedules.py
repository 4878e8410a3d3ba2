import pytest

from augment.synthesis.training.schedules import linear_decay


@pytest.mark.parametrize(("progress", "factor"), [(0.0, 1.0), (0.5, 1.0), (0.75, 0.5), (0.99, 0.02), (1.0, 0.02)])
def test_the_rate_is_constant_then_falls(progress: float, factor: float) -> None:
    assert linear_decay(progress, share=0.5, floor=0.02) == pytest.approx(factor)


def test_without_decay_the_rate_is_constant() -> None:
    assert linear_decay(0.999, share=0.0, floor=0.02) == 1.0
