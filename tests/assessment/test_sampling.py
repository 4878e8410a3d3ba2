import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.assessment import sampling
from augment.assessment.sampling import affordable, sampled


def test_as_many_are_compared_as_the_bound_allows() -> None:
    assert affordable(500_000, 500_000, 8 * 8) == 34_359  # 2^40 / (500,000 × 64)
    assert affordable(50_000, 4000, 3 * 128 * 128) == 5592
    labels = np.arange(5592) % 7
    assert sampled(labels, 4000, 3 * 128 * 128).tolist() == list(range(5592))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=300), st.integers(0, 300))
def test_each_class_keeps_its_share_in_whatever_order_it_lies(labels: list[int], others: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "MOST_NUMBERS", 5000)
        rows = sampled(np.asarray(labels), others, 3)
    share = len(rows) / len(labels)
    assert (np.diff(rows) > 0).all()
    for label in range(6):
        whole = labels.count(label)
        assert abs(sum(labels[row] == label for row in rows) - share * whole) < 1
    assert len(rows) == len(labels) or (len(rows) + 1) * others * 3 > 5000
    assert len(rows) == 1 or len(rows) * others * 3 <= 5000


def test_rows_in_the_order_of_their_classes_are_evenly_spaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_NUMBERS", 12)
    assert sampled(np.asarray([0] * 6 + [1] * 2), 3, 1).tolist() == [0, 2, 4, 6]


def test_no_class_is_lost_where_classes_alternate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_NUMBERS", 12)
    assert sampled(np.asarray([0, 1] * 4), 3, 1).tolist() == [0, 1, 4, 5]
