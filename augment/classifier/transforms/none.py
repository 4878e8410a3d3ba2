"""No transform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import TRANSFORMS

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@TRANSFORMS.register
def none(images: Tensor, rng: torch.Generator, flips: bool) -> Tensor:  # noqa: ARG001  # all are called alike
    """Leave images as they are, unmirrored."""
    return images
