"""Release without real images: what a classifier trained on synthetic images alone keeps."""

from dataclasses import replace

from augment.comparison.arms import Arm
from augment.comparison.intervals import crossed_estimate
from augment.results.record import Kept


def kept(arm: Arm, best_real: Arm) -> Kept:
    """Compare a synthetic-only arm with the best real one.

    The interval of the ratio ρ = a/b is that of the mean of (a - ρb) / b, linearised at the estimate (delta method): b
    is far from 0 and its own error enters through the pairing.

    Args:
        arm: Trains on synthetic images only.
        best_real: The best arm without synthesis.
    """
    hits, real_hits = arm.predictions.hits, best_real.predictions.hits
    ratio = float(hits.mean() / real_hits.mean())
    linear = crossed_estimate((hits - ratio * real_hits) / real_hits.mean())
    return Kept(
        ratio=replace(linear, mean=ratio).interval(),
        difference=crossed_estimate(hits - real_hits).interval(),
    )
