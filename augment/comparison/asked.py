"""What the verdict asks of two arms, as one table of differences."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from augment.comparison.arms import Arm
from augment.comparison.intervals import Estimate, crossed_estimate
from augment.core.cells import Cells
from augment.core.endpoints import ACCURACY, OF_GROUPS, Blocks, Endpoint, contrast, find_blocks
from augment.core.errors import DataError
from augment.core.images import FloatArray, IntArray
from augment.evaluation.predictions import GroundTruth

FEWEST_IMAGES = 2
"""A single image shows no spread, so that no interval can be had."""


def find_asked(endpoint: Endpoint, truth: GroundTruth, train: Cells | None) -> Blocks | None:
    """Find the test images that an endpoint looks at.

    Args:
        endpoint: What the verdict is asked.
        truth: Of the test images.
        train: Real training images of each cell.

    Returns:
        None for accuracy, which looks at all of them alike.

    Raises:
        DataError: The test images have none of what it asks for.
    """
    if endpoint == ACCURACY:
        return None
    found = find_blocks(endpoint, np.asarray(truth.labels), truth.groups, train, FEWEST_IMAGES)
    if found is None:
        what = "cells that are rare in training, each" if endpoint == "rare_cells" else "images"
        raise DataError(
            f"verdict.endpoint: {endpoint} asks for test images of {what} with at least {FEWEST_IMAGES} images, found "
            "none; expected another endpoint, or other test images"
        )
    return found


def asks_of_unseen_cells(endpoint: Endpoint, truth: GroundTruth, train: Cells | None) -> bool:
    """Whether it asks about cells without one real training image: val has none either, and cannot choose for them."""
    if endpoint not in OF_GROUPS or truth.groups is None or train is None:
        return False
    seen = {
        (label, group)
        for label, of_groups in enumerate(train.counts)
        for group, count in zip(train.groups, of_groups, strict=True)
        if count
    }
    return not seen.issuperset(zip(truth.labels, truth.groups, strict=True))


def best_on_test(arms: Sequence[Arm], asked: Blocks | None) -> Arm:
    """Find the arm that does best on test itself: the hardest rival there is, never one to recommend."""

    def value(arm: Arm) -> float:
        hits = arm.predictions.hits
        return float(hits.mean()) if asked is None else asked.value(hits, hits)

    return max(arms, key=value)


def difference_table(arm: Arm, baseline: Arm, asked: Blocks | None) -> FloatArray:
    """Lay out what an arm gains on a baseline, runs × images: the mean is the difference of the endpoint.

    Of accuracy 1 where only the arm is right, -1 where only the baseline is, 0 elsewhere; see `contrast` for the rest.
    Where each arm has another worst group, the images of both stand side by side, and nothing is paired.
    """
    ours, theirs = arm.predictions.hits, baseline.predictions.hits
    if asked is None:
        return ours - theirs
    rows, others = asked.counted(ours), asked.counted(theirs)
    if all(one is other for one, other in zip(rows, others, strict=True)):
        return contrast([(1 / len(rows), (ours - theirs)[:, block]) for block in rows])
    return contrast([(1.0, ours[:, rows[0]]), (-1.0, theirs[:, others[0]])])


def images_asked(arm: Arm, baseline: Arm, asked: Blocks | None) -> IntArray:
    """Rows of the test images that the difference is about, each once."""
    if asked is None:
        return np.arange(len(arm.predictions.labels), dtype=np.int64)
    counted = (*asked.counted(arm.predictions.hits), *asked.counted(baseline.predictions.hits))
    return np.unique(np.concatenate(counted))


def estimate_asked(table: FloatArray, asked: Blocks | None) -> Estimate:
    """Estimate a difference; where nothing varies the smallest block says how little is known."""
    found = crossed_estimate(table)
    return found if asked is None else replace(found, images=min(len(rows) for rows in asked.rows))
