"""Choices made by standard normal noise, so that a synthesizer's output is a function of its arguments."""

import torch
from torch import Tensor

BELOW_ONE = 1.0 - 2.0**-30
"""Far enough below 1 that neither a product with a count nor a sum with a label rounds up to the next integer."""


def uniform(noise: Tensor) -> Tensor:
    """Turn standard normal noise into uniform numbers by the normal distribution function.

    Args:
        noise: float, any shape.

    Returns:
        float64 of the same shape, in [0, 1).
    """
    return torch.special.ndtr(noise.double()).clamp(max=BELOW_ONE)


def choose(noise: Tensor, counts: Tensor) -> Tensor:
    """Choose one of ``counts`` things, each as likely as any other.

    Args:
        noise: float, standard normal, shape (N,).
        counts: int64, shape (N,), each at least 1 and below 2^22.

    Returns:
        int64, shape (N,), from 0 to ``counts`` - 1.
    """
    return (uniform(noise) * counts).long()
