"""Which of an image's many levels become the 256 of 8 bits."""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from augment.core.errors import DataError
from augment.core.images import UInt8Array

PERCENTILES = 0.5, 99.5
"""Of an image's own levels, what becomes black and white: a few hot or dead pixels do not decide."""


class Levels(NamedTuple):
    """How many levels become 256.

    Attributes:
        depth: ``percentile``: from the 0.5th to the 99.5th percentile of each image. ``full``: all that the file can
            hold. ``window``: those between two that are named, the same for every image.
        low: Of a window, what becomes black.
        high: Of a window, what becomes white.
    """

    depth: Literal["percentile", "full", "window"]
    low: float = 0.0
    high: float = 0.0


def to_eight_bits(values: npt.NDArray[np.generic], levels: Levels, whole: int | None) -> UInt8Array:
    """Spread levels over 0 to 255; those below and above become black and white.

    Args:
        values: Numbers, H×W.
        levels: Which of them.
        whole: How many levels an unsigned format has, e.g. 65536; None for signed and fractional numbers.

    Raises:
        DataError: ``full`` is asked of numbers that have no full range, or a number is none (NaN).
    """
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise DataError("expected numbers, found some that are not finite")
    if levels.depth == "window":
        low, high = levels.low, levels.high
    elif levels.depth == "percentile":
        low, high = np.percentile(numbers, PERCENTILES)
    elif whole is None:
        raise DataError("depth: full needs unsigned whole numbers, found others; use percentile or window")
    else:
        low, high = 0.0, whole - 1.0
    spread = (numbers - low) / (high - low if high > low else 1.0)
    return np.rint(255.0 * np.clip(spread, 0.0, 1.0)).astype(np.uint8)
