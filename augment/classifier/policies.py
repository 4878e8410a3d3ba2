"""Random choice of an operation for each image, for TrivialAugment and RandAugment, on torchvision's kernels.

torchvision's own classes draw from the global generator and apply one operation to a whole batch; image by image they
cost more than a training step. Here the images that drew the same operation go through it together, each with its own
magnitude. Operations and ranges are those of RandAugment (Cubuk et al., 2019, arXiv 1909.13719) in torchvision's
version, which scales shifts with the image; TrivialAugment (Müller & Hutter, 2021, arXiv 2103.10158) calls it "RA".
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as kernels

from augment.classifier.pixels import warp

MAGNITUDES = 31
MAX_SHEAR, MAX_SHIFT, MAX_ROTATION, MAX_BLEND, MAX_LOST_BITS = 0.3, 150 / 331, math.pi / 6, 0.9, 4

MOVES = ("identity", "shear_x", "shear_y", "translate_x", "translate_y", "rotate")
"""Operations that are one affine map each, in the order of their numbers; `PAINTS` follow."""


def operate_at_random(images: Tensor, levels: Tensor, rng: torch.Generator) -> Tensor:
    """Apply one operation to each image, it and its direction drawn uniformly; see `operate`."""
    numbers = torch.randint(len(MOVES) + len(PAINTS), (len(images),), generator=rng)
    signs = torch.where(torch.rand(len(images), generator=rng) < 0.5, -1.0, 1.0)
    return operate(images, numbers, levels, signs)


def operate(images: Tensor, numbers: Tensor, levels: Tensor, signs: Tensor) -> Tensor:
    """Apply to each image the operation of its number.

    Args:
        images: float, N×C×H×W in [-1, 1], C is 1 or 3.
        numbers: int64, shape (N,), on the CPU: which of `MOVES`, then of `PAINTS`.
        levels: float, shape (N,), on the CPU: magnitudes, 0 (no change, except where an operation has none) to 1.
        signs: float, shape (N,), on the CPU: -1 or 1, which way an operation goes that has two.
    """
    result = images * 0.5 + 0.5  # torchvision's range of float images
    moved = torch.nonzero((numbers > 0) & (numbers < len(MOVES)))[:, 0]
    if len(moved):
        strength = (levels * signs)[moved]
        rows = moved.to(images.device)
        result[rows] = warp(result[rows], *affine_maps(numbers[moved], strength))
    for number, paint in enumerate(PAINTS, start=len(MOVES)):
        chosen = torch.nonzero(numbers == number)[:, 0]
        if len(chosen):
            rows = chosen.to(images.device)
            level, sign = (values[chosen].to(images.device)[:, None, None, None] for values in (levels, signs))
            result[rows] = paint(result[rows], level, sign)
    return result * 2.0 - 1.0


def affine_maps(numbers: Tensor, strength: Tensor) -> tuple[Tensor, Tensor]:
    """Give the linear parts, N×2×2, and shifts, N×2, that `warp` takes.

    Args:
        numbers: int64, shape (N,): which of `MOVES`.
        strength: float, shape (N,), -1 to 1: share of the largest shear, shift or rotation.
    """
    amount = {name: torch.where(numbers == number, strength, 0.0) for number, name in enumerate(MOVES)}
    angle = MAX_ROTATION * amount["rotate"]
    first = torch.stack([angle.cos(), MAX_SHEAR * amount["shear_x"] - angle.sin()], dim=1)
    second = torch.stack([MAX_SHEAR * amount["shear_y"] + angle.sin(), angle.cos()], dim=1)
    shift = MAX_SHIFT * torch.stack([amount["translate_x"], amount["translate_y"]], dim=1)
    return torch.stack([first, second], dim=1), shift


def _blended(kernel: Callable[[Tensor, float], Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Give each image its own factor, 0.1 to 1.9: a kernel's factor 0 is what it blends with."""

    def paint(images: Tensor, level: Tensor, sign: Tensor) -> Tensor:
        base = kernel(images, 0.0)
        return (base + (images - base) * (1.0 + MAX_BLEND * level * sign)).clamp(0.0, 1.0)

    return paint


def _posterized(images: Tensor, level: Tensor, _sign: Tensor) -> Tensor:
    """Keep 8 to 4 bits."""
    steps = 2.0 ** (8.0 - (MAX_LOST_BITS * level).round())
    return (images * steps).floor().minimum(steps - 1.0) / steps


def _solarized(images: Tensor, level: Tensor, _sign: Tensor) -> Tensor:
    """Invert what is bright: above white at level 0, everything at level 1."""
    return torch.where(images >= 1.0 - level, 1.0 - images, images)


PAINTS: tuple[Callable[[Tensor, Tensor, Tensor], Tensor], ...] = (
    _blended(kernels.adjust_brightness),
    _blended(kernels.adjust_saturation),  # grey images have none: no change
    _blended(kernels.adjust_contrast),
    _blended(kernels.adjust_sharpness),
    _posterized,
    _solarized,
    lambda images, _level, _sign: kernels.autocontrast(images),
    lambda images, _level, _sign: kernels.equalize(images),
)
"""Operations on values: images in [0, 1], level and sign, each n×1×1×1."""
