"""LISA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import MIXINGS, Mixed, Origin

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@MIXINGS.register
def lisa(images: Tensor, origin: Origin, alpha: float, stages: int, rng: np.random.Generator) -> Mixed | None:  # noqa: ARG001  # all are called alike
    """Blend with an image of the same class from another group, or of another class from the same group.

    Which of the two is drawn for each image; one without such a partner in the batch stays as it is
    (LISA, [2201.00299](https://arxiv.org/abs/2201.00299)).
    """
    from augment.classifier.mixing import draw_mixture, partners

    same_label = origin.labels[:, None] == origin.labels[None, :]
    same_group = origin.groups[:, None] == origin.groups[None, :]
    of_label, of_group = same_label & ~same_group, same_group & ~same_label
    mixture = draw_mixture(len(images), alpha, rng, images.device)
    coin = rng.random(len(images)) < 0.5
    partner = partners(of_label.numpy(), of_group.numpy(), coin, rng)
    return Mixed(images, mixture._replace(partner=partner.to(images.device)), depth=0)
