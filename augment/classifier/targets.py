"""What the network is to say of an image, and how much that counts."""

import torch
import torch.nn.functional as F
from torch import Tensor

PROTOTYPES = 0.999
"""Beta of the effective number of samples: the hundredth image of a class brings 0.9 of what the first did, the
thousandth 0.4. The paper tries 0.9 to 0.9999; towards 1 the weights become inverse frequencies, which small classes
here already see."""


def row_weights(labels: Tensor, counts_as: Tensor, *, class_weighted: bool) -> Tensor:
    """Weigh the rows of a training set, on average by 1, so that no arm's loss is larger than another's.

    A class weight divides by the effective number of the class's samples, (1 - βⁿ) / (1 - β): Cui et al.,
    "Class-Balanced Loss Based on Effective Number of Samples", 2019, arXiv 1901.05555.

    Args:
        labels: int64, shape (N,).
        counts_as: float, shape (N,), positive: how many samples each row stands for; n is its sum over a class.
        class_weighted: Whether classes are weighted.

    Returns:
        float32, shape (N,).
    """
    weights = counts_as.double()
    if class_weighted:
        totals = torch.zeros(int(labels.max()) + 1, dtype=torch.float64).index_add_(0, labels, weights)
        weights = weights * (1.0 - PROTOTYPES) / (1.0 - PROTOTYPES**totals)[labels]
    return (weights / weights.mean()).float()


def weighted_targets(labels: Tensor, weights: Tensor, classes: int) -> Tensor:
    """Make targets, float32 N×K: the row's weight at its label, 0 elsewhere.

    With the weight inside, a mixture of two targets also weighs each half as its row.
    """
    return F.one_hot(labels, classes) * weights[:, None]


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over rows of -Σₖ tₖ log pₖ, in nats; targets, N×K, need not sum to 1."""
    return -(targets * logits.log_softmax(1)).sum(1).mean()
