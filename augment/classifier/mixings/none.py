"""No mixing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import MIXINGS, Mixed, Origin

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@MIXINGS.register
def none(images: Tensor, origin: Origin, alpha: float, stages: int, rng: np.random.Generator) -> Mixed | None:  # noqa: ARG001  # all are called alike
    """Leave every image alone."""
    return None
