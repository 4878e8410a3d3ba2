import pytest
import torch

from augment.runtime.averaging import update_average


def test_the_average_starts_fast_and_slows_down_to_its_bound() -> None:
    average, current = torch.zeros(2), torch.ones(2)
    update_average([average], [current], 0, 0.999)
    assert average.tolist() == pytest.approx([0.9] * 2)  # decay (1+0)/(10+0) = 0.1
    average.zero_()
    update_average([average], [current], 10**6, 0.999)
    assert average.tolist() == pytest.approx([0.001] * 2, rel=1e-3)
