"""Images made of two, with a label that says so.

mixup (Zhang et al., 2017, arXiv 1710.09412) blends two images, CutMix (Yun et al., 2019, arXiv 1905.04899) pastes a
rectangle of one into the other, and manifold mixup (Verma et al., 2018, arXiv 1806.05236) blends what the network
makes of them after a stage drawn anew for every batch. The papers draw one share a batch; here every pair has its own.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from augment.classifier.transforms import inside

MANIFOLD_DEPTHS = 3
"""Manifold mixup mixes the input of one of the first three stages (the paper's S = {0, 1, 2})."""


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


def draw_depth(mixing: str, stages: int, rng: np.random.Generator) -> int:
    """Draw the stage whose input is blended: always the images themselves unless ``mixing`` is manifold mixup."""
    return int(rng.integers(min(MANIFOLD_DEPTHS, stages))) if mixing == "manifold_mixup" else 0


def cutmix(images: Tensor, mixture: Mixture, rng: np.random.Generator) -> tuple[Tensor, Mixture]:
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
