"""What transforms do to a batch on its device, drawn from a named generator.

torchvision's random transforms draw from the global generator and, on a batch, the same values for every image;
here each image has its own, in one call.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from augment.classifier.reach import Reach

SQUARES = 0.2, 0.5
"""Sides of the squares that are lost, as shares of the shorter side."""


def noisy(images: Tensor, rng: torch.Generator, levels: float) -> Tensor:
    """Add Gaussian noise to every pixel, within the range.

    Args:
        images: float, N×C×H×W in [-1, 1].
        rng: Source of the draws, on the CPU.
        levels: Standard deviation in grey levels (0 to 255).
    """
    noise = torch.randn(images.shape, generator=rng).to(images.device)
    return (images + levels / 127.5 * noise).clamp(-1.0, 1.0)


def erased(images: Tensor, rng: torch.Generator, share: float) -> Tensor:
    """Turn a square of a share of the images, wholly inside them, to grey (0).

    Args:
        images: float, N×C×H×W in [-1, 1].
        rng: Source of the draws, on the CPU.
        share: Probability of each image, 0 to 1.
    """
    height, width = images.shape[2:]
    coin, size, down, right = torch.rand(4, len(images), generator=rng).to(images.device)
    smallest, largest = SQUARES
    side = ((smallest + (largest - smallest) * size) * min(height, width)).round()
    rows = inside(down * (height - side), side, height)[:, None, :, None]
    columns = inside(right * (width - side), side, width)[:, None, None, :]
    return images.masked_fill(rows & columns & (coin < share)[:, None, None, None], 0.0)


def inside(start: Tensor, length: Tensor, side: int) -> Tensor:
    """Tell which of ``side`` pixels lie in a stretch, of each image, bool N×side; both arguments in pixels, (N,)."""
    pixels = torch.arange(side, device=start.device)
    first = start.round()[:, None]
    return (pixels >= first) & (pixels < first + length[:, None])


def mirrored(images: Tensor, rng: torch.Generator) -> Tensor:
    """Mirror half of the images left to right."""
    coin = torch.rand(len(images), generator=rng).to(images.device)
    return torch.where((coin < 0.5)[:, None, None, None], images.flip(3), images)


def warp(images: Tensor, linear: Tensor, shift: Tensor) -> Tensor:
    """Move images; what comes in from outside repeats the border, as black would be a foreground to some.

    Args:
        images: float, N×C×H×W.
        linear: float, N×2×2, on the CPU: from a place in the new image to its place in the old one, (x, y) in pixels
            from the centre.
        shift: float, N×2, on the CPU: added to that, as shares of width and height.
    """
    height, width = images.shape[2:]
    # affine_grid counts in half sides: pixels of an image that is not square are not, there.
    ratios = torch.tensor([[1.0, height / width], [width / height, 1.0]])
    maps = torch.cat([linear * ratios, 2.0 * shift[:, :, None]], dim=2).to(images.device)
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def moved(images: Tensor, rng: torch.Generator, flips: bool, reach: Reach) -> Tensor:
    """Turn, scale, shift and shear images as far as ``reach`` says; mirror half of them where ``flips`` allows it."""
    turn, growth, right, down, coin = 2.0 * torch.rand(5, len(images), generator=rng) - 1.0
    angle, scale = reach.rotation * turn, 1.0 + reach.scaling * growth
    mirror = torch.where(coin < 0, -1.0, 1.0) if flips else torch.ones(len(images))
    first = torch.stack([mirror * scale * angle.cos(), -scale * angle.sin()], dim=1)
    second = torch.stack([mirror * scale * angle.sin(), scale * angle.cos()], dim=1)
    linear, shift = torch.stack([first, second], dim=1), reach.shift * torch.stack([right, down], dim=1)
    if reach.shear:
        sheared = torch.eye(2).repeat(len(images), 1, 1)
        sheared[:, 0, 1] = reach.shear * (2.0 * torch.rand(len(images), generator=rng) - 1.0)
        linear = linear @ sheared
    return warp(images, linear, shift)


def lit(images: Tensor, rng: torch.Generator, reach: Reach) -> Tensor:
    """Change contrast and brightness as far as ``reach`` says, within the range."""
    contrast, brightness = reach.lighting * _symmetric(2, images, rng)[:, :, None, None, None]
    level = images.mean(dim=(1, 2, 3), keepdim=True)
    return (level + (images - level) * (1.0 + contrast) + brightness).clamp(-1.0, 1.0)


def _symmetric(count: int, images: Tensor, rng: torch.Generator) -> Tensor:
    """Draw ``count`` numbers an image, uniform in [-1, 1), to its device."""
    return (2.0 * torch.rand(count, len(images), generator=rng) - 1.0).to(images.device)
