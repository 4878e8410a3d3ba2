"""Images made of two, with a label that says so: what the ways to mix have in common.

The papers draw one share a batch; here every pair has its own.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from augment.classifier.pixels import inside

MAPS = 4
"""Axes of images and maps: N×C×H×W."""

TINY = 1e-6
"""Keeps a channel of equal values from a division by 0."""


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


class Style(Mixture):
    """A mixture of what an image looks like, not of what it shows: targets stay."""

    __slots__ = ()

    def blend(self, values: Tensor) -> Tensor:
        """Give maps, N×C×H×W, the blended mean and deviation of each channel; leave anything else alone."""
        if values.ndim != MAPS:
            return values
        mean = values.mean(dim=(2, 3), keepdim=True).detach()
        deviation = (values.var(dim=(2, 3), keepdim=True) + TINY).sqrt().detach()
        return (values - mean) / deviation * super().blend(deviation) + super().blend(mean)


def partners(
    first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], coin: npt.NDArray[np.bool_], rng: np.random.Generator
) -> Tensor:
    """Draw a partner of each image, uniformly among those allowed; itself where none is.

    Args:
        first: Which pairs are allowed where the coin is true, N×N.
        second: Which where it is false, N×N.
        coin: Shape (N,).
        rng: Source of the draws.

    Returns:
        int64, shape (N,).
    """
    allowed = np.where(coin[:, None], first, second)
    ranks = np.where(allowed, rng.random(allowed.shape), -1.0)
    drawn = np.where(allowed.any(axis=1), ranks.argmax(axis=1), np.arange(len(allowed)))
    return torch.from_numpy(drawn)


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
