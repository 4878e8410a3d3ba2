import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from augment.classifier.targets import row_weights, soft_cross_entropy, weighted_targets


def test_class_weights_divide_by_the_effective_number_of_samples() -> None:
    labels = torch.tensor([0] * 3 + [1])
    weights = row_weights(labels, torch.ones(4), class_weighted=True)
    # (1 - 0.999^3) / 0.001 = 2.997001 and (1 - 0.999) / 0.001 = 1
    assert weights[3] / weights[0] == pytest.approx(2.997001, rel=1e-5)


def test_a_row_that_counts_as_a_fraction_adds_that_fraction_to_its_class() -> None:
    labels = torch.tensor([0, 0, 0, 1])
    weights = row_weights(labels, torch.tensor([1.0, 0.5, 0.5, 1.0]), class_weighted=True)
    # Class 0 counts as two samples: (1 - 0.999²) / 0.001 = 1.999
    assert (weights / weights[0]).tolist() == pytest.approx([1.0, 0.5, 0.5, 1.999], rel=1e-5)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.floats(0.01, 10.0)), min_size=1, max_size=200),
    st.booleans(),
)
def test_weights_are_one_on_average(rows: list[tuple[int, float]], class_weighted: bool) -> None:
    labels, counts_as = torch.tensor([row[0] for row in rows]), torch.tensor([row[1] for row in rows])
    weights = row_weights(labels, counts_as, class_weighted=class_weighted)
    assert weights.double().mean() == pytest.approx(1.0, rel=1e-5)
    assert (weights > 0).all()


def test_unweighted_targets_give_the_cross_entropy_of_the_labels() -> None:
    logits, labels = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 3
    targets = weighted_targets(labels, torch.ones(8), 3)
    expected = torch.nn.functional.cross_entropy(logits, labels)
    assert torch.allclose(soft_cross_entropy(logits, targets), expected)


def test_a_half_and_half_target_asks_for_both() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    targets = torch.tensor([[0.5, 0.5, 0.0]])
    # -(ln ½ + ln ¼) / 2 = 1.5 ln 2
    assert soft_cross_entropy(logits, targets).item() == pytest.approx(1.5 * math.log(2))
