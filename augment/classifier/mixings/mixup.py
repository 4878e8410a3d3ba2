"""mixup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import MIXINGS, Mixed, Origin

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@MIXINGS.register
def mixup(images: Tensor, origin: Origin, alpha: float, stages: int, rng: np.random.Generator) -> Mixed | None:  # noqa: ARG001  # all are called alike
    """Blend two images (mixup, [1710.09412](https://arxiv.org/abs/1710.09412))."""
    from augment.classifier.mixing import draw_mixture

    return Mixed(images, draw_mixture(len(images), alpha, rng, images.device), depth=0)
