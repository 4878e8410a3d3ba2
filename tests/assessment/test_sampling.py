from hypothesis import given
from hypothesis import strategies as st

from augment.assessment import sampling
from augment.assessment.sampling import sampled


def test_as_many_are_compared_as_the_bound_allows() -> None:
    assert len(sampled(500_000, 500_000, 8 * 8)) == 34_359  # 2^40 / (500,000 × 64)
    assert len(sampled(50_000, 4000, 3 * 128 * 128)) == 5592
    assert sampled(5592, 4000, 3 * 128 * 128).tolist() == list(range(5592))


@given(st.integers(1, 300), st.integers(0, 300))
def test_rows_are_different_ones_evenly_spaced(count: int, others: int) -> None:
    bound, sampling.MOST_NUMBERS = sampling.MOST_NUMBERS, 5000
    try:
        rows = sampled(count, others, 3)
    finally:
        sampling.MOST_NUMBERS = bound
    steps = {after - before for before, after in zip(rows.tolist(), [*rows.tolist()[1:], count], strict=True)}
    assert rows[0] == 0
    assert max(steps) - min(steps) <= 1
    assert len(rows) == count or (len(rows) + 1) * others * 3 > 5000
    assert len(rows) == 1 or len(rows) * others * 3 <= 5000
