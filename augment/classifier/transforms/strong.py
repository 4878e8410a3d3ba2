"""Large moves, light and losses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from augment.classifier.parts import TRANSFORMS
from augment.classifier.reach import Reach

if TYPE_CHECKING:
    import torch
    from torch import Tensor


REACH = Reach(
    rotation=math.radians(20), scaling=0.2, shift=0.15, shear=math.tan(math.radians(10)), lighting=0.3, erasing=0.5
)


@TRANSFORMS.register
def strong(images: Tensor, rng: torch.Generator, flips: bool) -> Tensor:
    """Rotate by up to 20°, shear by up to 10°, scale by 0.83 to 1.25, shift by up to 15 % of the side.
    Contrast and brightness change, too, and half of the images lose a square to grey
    (Random Erasing, [1708.04896](https://arxiv.org/abs/1708.04896)).
    """  # noqa: D205  # one paragraph: docs/arms.md shows it
    from augment.classifier.pixels import erased, lit, moved

    return erased(lit(moved(images, rng, flips, REACH), rng, REACH), rng, REACH.erasing)
