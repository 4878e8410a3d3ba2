import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from augment.synthesis.base.draws import choose, uniform
from tests.synthesis.classical.conftest import normal

any_noise = st.floats(allow_nan=False, width=32)


@given(any_noise, st.integers(1, 2**22 - 1))
def test_every_noise_chooses_something_that_exists(noise: float, count: int) -> None:
    chosen = choose(torch.tensor([noise]), torch.tensor([count]))
    assert chosen.dtype == torch.int64
    assert 0 <= chosen.item() < count


@given(any_noise, st.integers(0, 2**20))
def test_a_uniform_number_added_to_a_label_stays_below_the_next(noise: float, label: int) -> None:
    number = uniform(torch.tensor([noise]))
    assert number.dtype == torch.float64
    assert label <= (torch.tensor([label]) + number).item() < label + 1


def test_uniform_numbers_are_uniform() -> None:
    numbers = uniform(normal(40_000, 1)).flatten()
    shares = torch.histc(numbers.float(), bins=10, min=0, max=1) / len(numbers)
    assert shares.sub(0.1).abs().max() < 0.006  # four standard errors of a share of 0.1


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_choices_are_even(count: int) -> None:
    chosen = choose(normal(40_000, 1)[:, 0], torch.full((40_000,), count))
    shares = chosen.bincount(minlength=count) / 40_000
    assert shares.sub(1 / count).abs().max() < 0.01
