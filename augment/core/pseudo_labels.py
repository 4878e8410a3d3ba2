"""Images without labels that a classifier is sure of, labelled by it."""

from typing import Annotated

import numpy as np
from pydantic import Field

from augment.core.calibration import at_temperature, fit_temperature
from augment.core.cells import GROUP
from augment.core.images import PSEUDO_LABELLED, Float32Array, ImageSet, make_manifest

Threshold = Annotated[float, Field(gt=0.0, lt=1.0)]
"""A probability from which on a label is believed."""


def pseudo_labelled(
    pool: ImageSet, of_pool: Float32Array, val: ImageSet, of_val: Float32Array, train: ImageSet, threshold: float
) -> ImageSet:
    """Label the images of which a classifier is sure, once its probabilities are brought to what val says of them.

    Args:
        pool: Images without labels.
        of_pool: Class probabilities that the classifier gives them, M×K.
        val: Images with labels that it did not learn from.
        of_val: Probabilities that it gives those, N×K.
        train: Of whose classes, and with whose columns, the result is.
        threshold: Calibrated probability from which on a label is believed.

    Returns:
        Those images, of the origin `PSEUDO_LABELLED`, so that nobody counts them among the labelled ones.
    """
    # Two digits say enough, and are the same on every machine, as the last bits of a logarithm are not.
    temperature = round(fit_temperature(of_val.astype(np.float64), val.labels), 2)
    probabilities = at_temperature(of_pool.astype(np.float64), temperature)
    rows = np.flatnonzero(probabilities.max(axis=1) >= threshold)
    known = pool.manifest.iloc[rows]
    manifest = make_manifest(probabilities[rows].argmax(axis=1), train.classes, known["content_hash"].to_numpy("S64"))
    manifest = manifest.assign(origin=PSEUDO_LABELLED)
    if GROUP in train.manifest and GROUP in known:
        manifest = manifest.assign(**{GROUP: known[GROUP].to_numpy()})
    if "weight" in train.manifest:
        manifest = manifest.assign(weight=1.0)
    return ImageSet(pool.images[rows], manifest, train.classes)
