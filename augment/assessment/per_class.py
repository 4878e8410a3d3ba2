"""How good the images of each class are, by themselves."""

from dataclasses import asdict, astuple

import numpy as np
import pandas as pd

from augment.assessment.diversity import diversity_ratio
from augment.quality.fidelity import label_fidelity
from augment.quality.generator_quality import Judged, match
from augment.quality.manifolds import FEWEST, Manifold, compare_manifolds

UNKNOWN = Manifold(np.nan, np.nan, np.nan, np.nan)

COLUMNS = ("images", "real_images", "fidelity", "real_fidelity", *asdict(UNKNOWN), "diversity_ratio")
"""What `quality_per_class` tells of each class."""


def quality_per_class(real: Judged, synthetic: Judged) -> pd.DataFrame:
    """Judge each class by held-out real images of the same class.

    Args:
        real: Held-out images that the judge did not train on.
        synthetic: Any number; all count for label fidelity, what `match` takes of both sides for everything else.

    Returns:
        K rows: ``images`` and ``real_images`` (int64, how many), ``fidelity``, ``real_fidelity`` (share of real images
        that the judge recognises), ``precision``, ``recall``, ``density``, ``coverage`` and ``diversity_ratio``
        (float64, NaN where a class has too few images: see `label_fidelity`, `compare_manifolds_per_class`,
        `diversity_ratio`).
    """
    sides = match(real, synthetic)
    counts = {
        "images": np.bincount(synthetic.labels, minlength=real.classes),
        "real_images": np.bincount(real.labels, minlength=real.classes),
        "fidelity": label_fidelity(synthetic.labels, synthetic.predicted, real.classes),
        "real_fidelity": label_fidelity(real.labels, real.predicted, real.classes),
    }
    manifolds = compare_manifolds_per_class(*sides)
    return pd.concat([pd.DataFrame(counts), manifolds], axis=1).assign(diversity_ratio=diversity_ratio(*sides))


def compare_manifolds_per_class(real: Judged, synthetic: Judged) -> pd.DataFrame:
    """Compare each class with the same class of the other set, so that no class hides behind another.

    Returns:
        K rows, float64 columns ``precision``, ``recall``, ``density`` and ``coverage``; NaN for a class with fewer
        than 6 images on either side. A class with few images has coarse figures: with 10 of them, coverage
        moves in steps of 0.1.
    """
    found = []
    for label in range(real.classes):
        pair = tuple(side.features[side.labels == label] for side in (real, synthetic))
        found.append(compare_manifolds(*pair) if min(map(len, pair)) >= FEWEST else UNKNOWN)
    return pd.DataFrame([astuple(manifold) for manifold in found], columns=list(asdict(UNKNOWN)))
