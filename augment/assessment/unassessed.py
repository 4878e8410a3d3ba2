"""What stands in the place of an assessment where there are no images to assess, or too few to judge them by."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from augment.assessment.per_class import COLUMNS
from augment.assessment.scores import sample_scores
from augment.quality.neighbours import Nearest


class Unassessed(NamedTuple):
    """The tables of an `Assessment`, without a row.

    Attributes:
        figures: The reasons as ``failures``, so that no mix takes the images, and as ``left_out``: nothing was judged.
        per_class: Header only.
        scores: Header only.
    """

    figures: dict[str, Any]
    per_class: pd.DataFrame
    scores: pd.DataFrame


def unassessed(reasons: Sequence[str], classes: int) -> Unassessed:
    """Say why there is no assessment.

    Args:
        reasons: A sentence each, at least one.
        classes: K.
    """
    nothing = Nearest(row=np.empty(0, dtype=np.int64), distance=np.empty(0))
    return Unassessed(
        {"failed_checks": len(reasons), "failures": list(reasons), "left_out": list(reasons)},
        pd.DataFrame(columns=["class_name", *COLUMNS, "ms_ssim", "real_ms_ssim"]),
        sample_scores(nothing.row, np.empty((0, classes)), nothing, nothing.distance),
    )
