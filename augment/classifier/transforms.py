"""Classical augmentation of a batch on its device, drawn from a named generator.

torchvision's random transforms draw from the global generator and, on a batch, the same values for every image;
here each image has its own, in one call.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_ROTATION = math.radians(10)
MAX_SCALING = 0.1
MAX_SHIFT = 0.1


def mild(images: Tensor, rng: torch.Generator, *, flips: bool) -> Tensor:
    """Rotate by up to 10°, scale by up to 10 %, shift by up to 10 % of the side; mirror half of them if allowed.

    Args:
        images: float, N×C×H×W.
        rng: Source of the draws, on the CPU.
        flips: Whether to mirror left and right.

    Returns:
        float, N×C×H×W; what comes in from outside repeats the border.
    """
    angle, scaling, shift_x, shift_y, coin = torch.rand(5, len(images), generator=rng) * 2 - 1
    angle, scale = angle * MAX_ROTATION, 1 + scaling * MAX_SCALING
    mirror = torch.where(coin < 0, -1.0, 1.0) if flips else torch.ones(len(images))
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    # affine_grid counts in half sides: a shift of 0.1 sides is 0.2 there.
    first = torch.stack([mirror * cosine, -sine, 2 * MAX_SHIFT * shift_x], dim=1)
    second = torch.stack([mirror * sine, cosine, 2 * MAX_SHIFT * shift_y], dim=1)
    matrices = torch.stack([first, second], dim=1).to(images.device)
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
