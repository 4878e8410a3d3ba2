"""RandAugment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import TRANSFORMS

if TYPE_CHECKING:
    import torch
    from torch import Tensor


OPERATIONS, MAGNITUDE = 2, 9


@TRANSFORMS.register
def rand_augment(images: Tensor, rng: torch.Generator, flips: bool) -> Tensor:
    """Apply two operations to each image, drawn uniformly, at magnitude 9 of 0 to 30.

    Cubuk et al., 2019, arXiv 1909.13719; two and nine are torchvision's defaults.
    """
    import torch

    from augment.classifier.pixels import mirrored
    from augment.classifier.policies import MAGNITUDES, operate_at_random

    images = mirrored(images, rng) if flips else images
    levels = torch.full((len(images),), MAGNITUDE / (MAGNITUDES - 1))
    for _ in range(OPERATIONS):
        images = operate_at_random(images, levels, rng)
    return images
