"""Images made of two, with a label that says so: what the ways to mix have in common.

The papers draw one share a batch; here every pair has its own.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from augment.classifier.pixels import inside


class Mixture(NamedTuple):
    """Who is mixed with whom, and how much of each image stays.

    Attributes:
        partner: Row of the other image, int64, shape (N,), a permutation.
        share: What an image keeps of itself, float32, shape (N,), 0 to 1.
    """

    partner: Tensor
    share: Tensor

    def blend(self, values: Tensor) -> Tensor:
        """Mix N×…: images, maps or targets."""
        share = self.share.view(-1, *[1] * (values.ndim - 1)).to(values.dtype)
        return share * values + (1.0 - share) * values[self.partner]


def draw_mixture(count: int, alpha: float, rng: np.random.Generator, device: torch.device) -> Mixture:
    """Draw partners and shares.

    Args:
        count: Images of the batch.
        alpha: Shares follow Beta(alpha, alpha).
        rng: Source of the draws.
        device: Where the mixture is needed.
    """
    partner, share = rng.permutation(count), rng.beta(alpha, alpha, count).astype(np.float32)
    return Mixture(torch.from_numpy(partner).to(device), torch.from_numpy(share).to(device))


def paste(images: Tensor, mixture: Mixture, rng: np.random.Generator) -> tuple[Tensor, Mixture]:
    """Paste a rectangle of the partner over each image, centred anywhere and cut off at the border.

    Args:
        images: float, N×C×H×W.
        mixture: The rectangle has the image's proportions and, before it is cut off, the partner's share of its area.
        rng: Source of the places.

    Returns:
        The images, and the mixture with the shares that their pixels really have.
    """
    count, _, height, width = images.shape
    down, right = (torch.from_numpy(rng.random(count, dtype=np.float32)).to(images.device) for _ in range(2))
    side = (1.0 - mixture.share).sqrt()
    rows = inside((down - side / 2) * height, (side * height).round(), height)
    columns = inside((right - side / 2) * width, (side * width).round(), width)
    pasted = rows[:, :, None] & columns[:, None, :]
    share = 1.0 - pasted.float().mean(dim=(1, 2))
    return torch.where(pasted[:, None], images[mixture.partner], images), Mixture(mixture.partner, share)
