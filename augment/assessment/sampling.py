"""Of how many images all distances are computed: of all of them, up to a bound on what that costs."""

import numpy as np

from augment.core.images import IntArray

MOST_NUMBERS = 2**40
"""Pairs of images times pixel values of an image: some two minutes of one core. It is reached by 34,000 train images
and 500,000 synthetic ones of 8×8 pixels, or 5,600 and 4,000 of 3×128×128."""


def affordable(count: int, others: int, width: int) -> int:
    """Say how many of ``count`` images of ``width`` numbers may be compared with ``others``; see `MOST_NUMBERS`."""
    return min(count, max(1, MOST_NUMBERS // max(1, others * width)))


def sampled(labels: IntArray, others: int, width: int) -> IntArray:
    """Choose images to be compared with others, each with each.

    Evenly spaced in the order of their classes, whatever the order they lie in, so that each class keeps its share; and
    without a random draw, so that fewer images have the figures that they always had.

    Args:
        labels: Class indices of the images to choose from, shape (N,).
        others: Images that each is compared with.
        width: Numbers of one image.

    Returns:
        Rows, ascending: all of them where that costs no more than `MOST_NUMBERS`.
    """
    chosen = affordable(len(labels), others, width)
    by_class = np.argsort(labels, kind="stable")
    return np.sort(by_class[np.arange(chosen) * len(labels) // chosen])
