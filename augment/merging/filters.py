"""Which synthetic images are left out of a merge, and why."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionDtype

from augment.core.errors import DataError
from augment.core.images import ImageSet
from augment.merging.mix_spec import FilterSpec

KEPT = ""
REASONS = ("duplicate", "near_copy", "disagrees", "unsure")
"""In the order of application; of several that apply the first counts."""

SCORES: dict[str, ExtensionDtype] = {
    "judged_label": pd.Int64Dtype(),
    "confidence": pd.Float64Dtype(),
    "nearest_train": pd.Int64Dtype(),
    "nearest_distance": pd.Float64Dtype(),
    "near_copy": pd.BooleanDtype(),
}
"""What `assess` says of each synthetic image, in dtypes that know a missing value: real images have no scores."""


def attach_scores(synthetic: ImageSet, scores: pd.DataFrame) -> ImageSet:
    """Put the scores of synthetic images into their manifest.

    Raises:
        DataError: There is not one row of scores an image, or a column is missing.
    """
    missing = [name for name in SCORES if name not in scores.columns]
    if missing or len(scores) != len(synthetic):
        raise DataError(
            f"scores: expected {len(synthetic)} rows, one an image, with {', '.join(SCORES)}; "
            f"found {len(scores)} rows, missing {', '.join(missing) or 'no column'}"
        )
    typed = scores.astype(SCORES)
    columns: dict[str, Any] = {name: typed[name].array for name in SCORES}  # by place, not by index
    return ImageSet(synthetic.images, synthetic.manifest.assign(**columns), synthetic.classes)


def drop_reasons(real: ImageSet, scored: ImageSet, spec: FilterSpec) -> npt.NDArray[np.str_]:
    """Say of each synthetic image why it is left out.

    Args:
        real: The images that the synthetic ones are to join.
        scored: Synthetic images with scores, see `attach_scores`.
        spec: What is left out.

    Returns:
        Shape (N,): one of `REASONS`, or `KEPT`. A ``duplicate`` has the pixels of a real image, or of an earlier
        synthetic one that no other reason leaves out.
    """
    table = scored.manifest
    by_score = {
        "near_copy": table["near_copy"] & spec.near_copies,
        "disagrees": (table["judged_label"] != table["label"]) & spec.agree,
        "unsure": table["confidence"] < spec.min_confidence,
    }
    applies = {reason: rows.to_numpy(dtype=bool) for reason, rows in by_score.items()}
    good = pd.Series(~np.any(list(applies.values()), axis=0), index=table.index)
    repeats = good.groupby(table["content_hash"]).cumsum() > good  # counts the row itself
    applies["duplicate"] = (repeats | table["content_hash"].isin(real.manifest["content_hash"])).to_numpy(dtype=bool)
    return np.select([applies[reason] for reason in REASONS], REASONS, KEPT)
