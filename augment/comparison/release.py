"""Release without real images: what a classifier trained on synthetic images alone keeps."""

from dataclasses import replace

from augment.comparison.arms import Arm
from augment.comparison.intervals import crossed_contrast
from augment.core.images import IntArray
from augment.results.record import Kept


def kept(arm: Arm, best_real: Arm, units: IntArray | None = None) -> Kept:
    """Compare a synthetic-only arm with the best real one.

    The interval of the ratio ρ = a/b is that of the mean of (a - ρb) / b, linearised at the estimate (delta method): b
    is far from 0 and its own error enters through the pairing.

    Args:
        arm: Trains on synthetic images only.
        best_real: The best arm without synthesis.
        units: Number of each test image's group, where groups are the unit; None where images are.
    """
    of_images = None if units is None else [units]
    hits, real_hits = arm.predictions.hits, best_real.predictions.hits
    ratio = float(hits.mean() / real_hits.mean())
    linear = crossed_contrast([(hits - ratio * real_hits) / real_hits.mean()], [1.0], units=of_images)
    return Kept(
        ratio=replace(linear, mean=ratio).interval(),
        difference=crossed_contrast([hits - real_hits], [1.0], units=of_images).interval(),
    )
