"""Differentiable changes of what the discriminator sees.

Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", 2020, arXiv 2006.10738. To define a function
here is all that a new change needs; they are applied in this order, each by draws of its own. Torch is imported where
it is called, since settings are read without it.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from augment.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

MAX_SHIFT = 1 / 8
CUTOUT_SIDE = 1 / 2

POLICIES: "Registry[Callable[..., Tensor]]" = Registry("augmentation", "augment.synthesis.gan.policies")
"""Functions of float images, N×C×H×W, and of numbers from [0, 1), each of shape (N,), to images of the same shape."""


@cache
def draws_of(kind: str) -> int:
    """Count the random numbers that a change needs an image: what it takes beside the images."""
    return len(inspect.signature(POLICIES[kind]).parameters) - 1


@POLICIES.register
def colour(images: "Tensor", brightness: "Tensor", saturation: "Tensor", contrast: "Tensor") -> "Tensor":
    """Change brightness (±0.5), saturation (×0 to 2) and contrast (×0.5 to 1.5); grey images have no saturation."""
    brightness, saturation, contrast = (draw[:, None, None, None] for draw in (brightness, saturation, contrast))
    images = images + (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * (2.0 * saturation)
    level = images.mean(dim=(1, 2, 3), keepdim=True)
    return level + (images - level) * (contrast + 0.5)


@POLICIES.register
def translation(images: "Tensor", down: "Tensor", right: "Tensor") -> "Tensor":
    """Shift by up to an eighth of the side; what comes in is grey (0)."""
    import torch

    _, _, height, width = images.shape
    down, right = _shift(down, height), _shift(right, width)
    rows = torch.arange(height, device=images.device)[None] - down[:, None]
    columns = torch.arange(width, device=images.device)[None] - right[:, None]
    inside = ((rows >= 0) & (rows < height))[:, None, :, None] & ((columns >= 0) & (columns < width))[:, None, None, :]
    at = torch.arange(len(images), device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[at, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None]]
    return moved.permute(0, 3, 1, 2) * inside


@POLICIES.register
def cutout(images: "Tensor", row: "Tensor", column: "Tensor") -> "Tensor":
    """Blank a square of half the side, at a random place, which may stick out."""
    import torch

    _, _, height, width = images.shape
    rows = torch.arange(height, device=images.device)[None] - (row * height)[:, None]
    columns = torch.arange(width, device=images.device)[None] - (column * width)[:, None]
    inside = (rows.abs() < CUTOUT_SIDE * height / 2)[:, None, :, None]
    inside = inside & (columns.abs() < CUTOUT_SIDE * width / 2)[:, None, None, :]
    return images * ~inside


def _shift(draw: "Tensor", side: int) -> "Tensor":
    """Whole pixels, uniform from -side/8 to side/8."""
    reach = max(1, round(MAX_SHIFT * side))
    return (draw * (2 * reach + 1)).floor().long() - reach
