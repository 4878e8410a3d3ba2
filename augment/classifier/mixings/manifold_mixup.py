"""Manifold mixup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import MIXINGS, Mixed, Origin

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


DEPTHS = 3
"""The paper's S = {0, 1, 2}."""


@MIXINGS.register
def manifold_mixup(images: Tensor, origin: Origin, alpha: float, stages: int, rng: np.random.Generator) -> Mixed | None:  # noqa: ARG001  # all are called alike
    """Blend what the network makes of two images ([1806.05236](https://arxiv.org/abs/1806.05236)).

    It is the input of one of the first three stages, drawn anew for every batch.
    """
    from augment.classifier.mixing import draw_mixture

    mixture = draw_mixture(len(images), alpha, rng, images.device)
    return Mixed(images, mixture, depth=int(rng.integers(min(DEPTHS, stages))))
