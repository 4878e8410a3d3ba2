"""GAN losses: pure functions of discriminator scores, averaged over the batch."""

import torch
import torch.nn.functional as F
from torch import Tensor


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss of the discriminator (Lim & Ye, "Geometric GAN", 2017, arXiv 1705.02894).

    Args:
        real: Scores of real images, shape (N,).
        fake: Scores of generated images, shape (N,).
    """
    return F.relu(1.0 - real).mean() + F.relu(1.0 + fake).mean()


def hinge_generator(fake: Tensor) -> Tensor:
    """Loss of the generator that goes with `hinge_discriminator`."""
    return -fake.mean()


def linear_decay(step: int, steps: int, floor: float = 0.02) -> float:
    """Learning-rate factor: 1 for the first half of training, then falling linearly to ``floor``."""
    left = (steps - step) / (steps - steps // 2)
    return max(floor, min(1.0, left))


@torch.no_grad()
def update_average(average: torch.nn.Module, current: torch.nn.Module, step: int, bound: float) -> None:
    """Move averaged weights towards the current ones (exponential moving average).

    The decay starts low, ``(1 + step) / (10 + step)``, so that the average forgets the initialisation; buffers
    are left alone (see `settle_batch_norm`). Yazıcı et al., "The Unusual Effectiveness of Averaging in GAN
    Training", 2019, arXiv 1806.04498.
    """
    decay = min(bound, (1 + step) / (10 + step))
    torch._foreach_lerp_(_weights(average), _weights(current), 1.0 - decay)


def _weights(network: torch.nn.Module) -> list[Tensor]:
    return list(network.parameters())
