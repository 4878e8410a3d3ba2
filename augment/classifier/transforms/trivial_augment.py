"""TrivialAugment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import TRANSFORMS

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@TRANSFORMS.register
def trivial_augment(images: Tensor, rng: torch.Generator, flips: bool) -> Tensor:
    """Apply one of 14 operations to each image, it and its magnitude drawn uniformly.

    Müller & Hutter, 2021, arXiv 2103.10158, which calls these operations and ranges "RA".
    """
    import torch

    from augment.classifier.pixels import mirrored
    from augment.classifier.policies import MAGNITUDES, operate_at_random

    images = mirrored(images, rng) if flips else images
    levels = torch.randint(MAGNITUDES, (len(images),), generator=rng) / (MAGNITUDES - 1)
    return operate_at_random(images, levels, rng)
