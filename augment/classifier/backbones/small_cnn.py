"""A small CNN for small images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import BACKBONES

if TYPE_CHECKING:
    from augment.classifier.networks import Backbone

SMALLEST_MAP = 2
LARGE_IMAGE = 16
"""Sides from this on are halved by the first stage, too: full size is where a small network spends its time."""
GROWTH_LIMIT = 4


@BACKBONES.register
def small_cnn(shape: tuple[int, int, int], classes: int, *, width: int) -> Backbone:
    """Convolutions with max-pool and batch norm, one a stage, halving the map until it is tiny.

    Args:
        shape: Channels, height and width of the images; the shorter side counts.
        classes: Number of classes.
        width: Channels of the first stage; every later one has twice as many, up to four times in all.
    """
    from augment.classifier.networks import Backbone, convolution

    channels, height, breadth = shape
    side, current = min(height, breadth), width
    halve = side >= LARGE_IMAGE
    stages = [convolution(channels, width, halve=halve)]
    side = side // 2 if halve else side
    while side > SMALLEST_MAP:
        wider = min(2 * current, GROWTH_LIMIT * width)
        stages.append(convolution(current, wider, halve=True))
        side, current = side // 2, wider
    return Backbone(stages, current, classes)
