"""What a classifier and a recipe are made of, each part a file of its own: backbones, transforms, mixings.

A part registers itself by the decorator of its registry and is then a choice in ``params.yaml``; nothing else names it.
No part imports torch but where it uses it: settings are checked before any of it is needed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from augment.core.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from augment.classifier.mixing import Mixture
    from augment.classifier.networks import Backbone


class Transform(Protocol):
    """Changes float images, N×C×H×W in [-1, 1], each by its own draw from a generator on the CPU.

    ``flips`` says whether half of the images may be mirrored left to right. As many images, in the same range, result.
    """

    def __call__(self, images: Tensor, rng: torch.Generator, flips: bool) -> Tensor:
        """Change them."""


class Mixed(NamedTuple):
    """A batch of which pairs are made one.

    Attributes:
        images: float, N×C×H×W.
        mixture: Who is mixed with whom, for the targets.
        depth: The stage of the network whose input is still to be blended; None where the images are mixed already.
    """

    images: Tensor
    mixture: Mixture
    depth: int | None


class Origin(NamedTuple):
    """What is known of the images of a batch.

    Attributes:
        labels: Class indices, int64, shape (N,), on the CPU.
        groups: Places of their groups, int64, shape (N,), on the CPU; all 0 without groups.
    """

    labels: Tensor
    groups: Tensor


class Mixing(Protocol):
    """Mixes a batch: float images, N×C×H×W; shares follow Beta(alpha, alpha); the network has so many stages."""

    def __call__(
        self, images: Tensor, origin: Origin, alpha: float, stages: int, rng: np.random.Generator
    ) -> Mixed | None:
        """Mix it; None leaves it as it is."""


BACKBONES: Registry[Callable[..., Backbone]] = Registry("backbone", "augment.classifier.backbones.*")
"""Functions that build a network for images of a shape, channels first, and a number of classes. What they take beside
these, by name, are the keys of `ClassifierSpec` that they heed. Weights are drawn from torch's global generator."""
TRANSFORMS: Registry[Transform] = Registry("transform", "augment.classifier.transforms.*")
MIXINGS: Registry[Mixing] = Registry("mixing", "augment.classifier.mixings.*")


def options_of(backbone: str) -> list[str]:
    """Name the keys of `ClassifierSpec` that a backbone heeds."""
    parameters = inspect.signature(BACKBONES[backbone]).parameters.values()
    return [each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
