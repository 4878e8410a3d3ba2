"""MixStyle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import MIXINGS, Mixed, Origin

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


DEPTHS = (1, 2)
"""After the first and after the second stage, as in the paper."""


@MIXINGS.register
def mixstyle(images: Tensor, origin: Origin, alpha: float, stages: int, rng: np.random.Generator) -> Mixed | None:
    """Blend mean and deviation of each channel with those of an image from another group, the label stays.

    After one of the first two stages, drawn anew for every batch, and for half of the images
    (MixStyle, [2104.02008](https://arxiv.org/abs/2104.02008), which takes `mixing_alpha: 0.1`).
    """
    from augment.classifier.mixing import Style, draw_mixture, partners

    mixture = draw_mixture(len(images), alpha, rng, images.device)
    other_group = (origin.groups[:, None] != origin.groups[None, :]).numpy()
    coin = rng.random(len(images)) < 0.5
    partner = partners(other_group, other_group & False, coin, rng)
    depth = min(int(rng.choice(DEPTHS)), stages - 1)
    return Mixed(images, Style(partner.to(images.device), mixture.share), depth=depth)
