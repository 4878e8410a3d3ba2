"""What changes over the course of a training: the learning rate, and the average of the weights."""

import torch


def linear_decay(progress: float, share: float, floor: float) -> float:
    """Learning-rate factor: 1, then over the last ``share`` of training falling linearly to ``floor``."""
    if progress <= 1.0 - share:
        return 1.0
    return max(floor, (1.0 - progress) / share)


@torch.no_grad()
def update_average(average: torch.nn.Module, current: torch.nn.Module, step: int, bound: float) -> None:
    """Move averaged weights towards the current ones (exponential moving average).

    The decay starts low, ``(1 + step) / (10 + step)``, so that the average forgets the initialisation; buffers
    are left alone (see `settle_batch_norm`). Yazıcı et al., "The Unusual Effectiveness of Averaging in GAN
    Training", 2019, arXiv 1806.04498.
    """
    decay = min(bound, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(current.parameters()), 1.0 - decay)
