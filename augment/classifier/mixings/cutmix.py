"""CutMix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import MIXINGS, Mixed, Origin

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@MIXINGS.register
def cutmix(images: Tensor, origin: Origin, alpha: float, stages: int, rng: np.random.Generator) -> Mixed | None:  # noqa: ARG001  # all are called alike
    """Paste a rectangle of one image into the other (CutMix, [1905.04899](https://arxiv.org/abs/1905.04899))."""
    from augment.classifier.mixing import draw_mixture, paste

    pasted, mixture = paste(images, draw_mixture(len(images), alpha, rng, images.device), rng)
    return Mixed(pasted, mixture, depth=None)
