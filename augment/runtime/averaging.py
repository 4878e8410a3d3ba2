"""The average of the weights over a training, which is less noisy than the latest ones."""

from collections.abc import Iterable

import torch
from torch import Tensor


@torch.no_grad()
def update_average(average: Iterable[Tensor], current: Iterable[Tensor], step: int, bound: float) -> None:
    """Move averaged weights towards the current ones, in place (exponential moving average).

    The decay starts low, ``(1 + step) / (10 + step)``, so that the average forgets the initialisation. Yazıcı et al.,
    "The Unusual Effectiveness of Averaging in GAN Training", 2019, arXiv 1806.04498.

    Args:
        average: Floating-point tensors.
        current: As many, of the same shapes.
        step: Steps done before this one.
        bound: Upper bound of the decay.
    """
    decay = min(bound, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average), list(current), 1.0 - decay)
