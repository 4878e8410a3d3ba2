"""What the verdict asks of two arms, as one table of differences."""

from collections.abc import Sequence

import numpy as np

from augment.comparison.arms import Arm
from augment.comparison.clusters import CrossedTable, group_table
from augment.core.cells import Cells
from augment.core.endpoints import ACCURACY, OF_GROUPS, Blocks, Endpoint, contrast, find_blocks
from augment.core.errors import DataError
from augment.core.images import IntArray
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


def difference_table(arm: Arm, baseline: Arm, asked: Blocks | None, units: IntArray | None = None) -> CrossedTable:
    """Lay out what an arm gains on a baseline, runs × images: the mean is the difference of the endpoint.

    Of accuracy 1 where only the arm is right, -1 where only the baseline is, 0 elsewhere; see `contrast` for the rest.
    Where each arm has another worst group, the images of both stand side by side, and nothing is paired.

    Args:
        arm: The arm.
        baseline: What it is compared with.
        asked: The test images that the endpoint looks at; None for accuracy.
        units: Number of each test image's group, shape (N,), where groups are the unit: the table is runs × groups
            then. None where images are.
    """
    ours, theirs = arm.predictions.hits, baseline.predictions.hits
    if units is not None:
        blocks = (np.arange(len(units)),) if asked is None else asked.counted(ours)
        gains = [(1 / len(blocks), (ours - theirs)[:, rows]) for rows in blocks]
        return group_table(gains, [units[rows] for rows in blocks])
    if asked is None:
        return CrossedTable.of_images(ours - theirs)
    rows, others = asked.counted(ours), asked.counted(theirs)
    fewest = min(len(block) for block in asked.rows)
    if all(one is other for one, other in zip(rows, others, strict=True)):
        return CrossedTable.of_images(contrast([(1 / len(rows), (ours - theirs)[:, block]) for block in rows]), fewest)
    return CrossedTable.of_images(contrast([(1.0, ours[:, rows[0]]), (-1.0, theirs[:, others[0]])]), fewest)


def images_asked(arm: Arm, baseline: Arm, asked: Blocks | None) -> IntArray:
    """Rows of the test images that the difference is about, each once."""
    if asked is None:
        return np.arange(len(arm.predictions.labels), dtype=np.int64)
    counted = (*asked.counted(arm.predictions.hits), *asked.counted(baseline.predictions.hits))
    return np.unique(np.concatenate(counted))
