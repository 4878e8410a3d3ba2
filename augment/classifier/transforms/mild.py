"""Small moves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from augment.classifier.parts import TRANSFORMS
from augment.classifier.reach import Reach

if TYPE_CHECKING:
    import torch
    from torch import Tensor


REACH = Reach(rotation=math.radians(10), scaling=0.1, shift=0.1)


@TRANSFORMS.register
def mild(images: Tensor, rng: torch.Generator, flips: bool) -> Tensor:
    """Rotate by up to 10°, scale by 0.91 to 1.11, shift by up to 10 % of the side."""
    from augment.classifier.pixels import moved

    return moved(images, rng, flips, REACH)
