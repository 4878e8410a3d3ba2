"""What is known of each synthetic image by itself: a merge filters by it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from augment.core.images import FloatArray, IntArray
from augment.quality.neighbours import Nearest


def sample_scores(
    labels: IntArray, probabilities: npt.NDArray[np.floating], neighbours: Nearest, limits: FloatArray
) -> pd.DataFrame:
    """Tabulate the scores of synthetic images, one row each.

    Args:
        labels: Classes that the images were made for, int64, shape (N,).
        probabilities: Class probabilities by the judge, N×K.
        neighbours: Nearest training image of each, in pixels; row -1 where there is none to compare with.
        limits: Distance below which each is a near copy, shape (N,): `Memorisation.threshold`, which as few held-out
            images as stated there fall below, in the unit of its class.

    Returns:
        ``judged_label``: the judge's most probable class, int64. ``confidence``: the probability that it gives the
        class the image was made for, 0 to 1. ``nearest_train``: row of the nearest training image, int64.
        ``nearest_distance``: how far that is, root mean square in grey levels. ``near_copy``: bool. Row and
        distance are missing where there is nothing to compare with.
    """
    table = pd.DataFrame(
        {
            "judged_label": probabilities.argmax(1).astype(np.int64),
            "confidence": probabilities[np.arange(len(labels)), labels].astype(np.float64),
            "nearest_train": neighbours.row,
            "nearest_distance": neighbours.distance,
            "near_copy": neighbours.distance < limits,
        }
    )
    if (neighbours.row >= 0).all():
        return table
    return table.assign(
        nearest_train=table["nearest_train"].astype("Int64").where(neighbours.row >= 0),
        nearest_distance=table["nearest_distance"].astype("Float64").where(neighbours.row >= 0),
    )
