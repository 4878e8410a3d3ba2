"""Image sets and scores that are told apart at a glance, and merges whose images are looked at."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from augment.core.images import ImageSet, UInt8Array, make_image_set
from augment.merging.merge import Account, merge
from augment.merging.mix_spec import MixSpec

CLASSES = ["a", "b", "c"]


def image_set(counts: list[int], *, synthetic: bool, pixels: UInt8Array | None = None) -> ImageSet:
    """Make images, each of one grey level of its own, real ones dark and synthetic ones bright; classes in turn."""
    labels = np.repeat(np.arange(len(counts)), counts)
    if pixels is None:
        numbers = np.arange(len(labels))
        pixels = np.zeros((len(labels), 1, 8, 8), np.uint8)
        pixels[:, 0, 0, 0], pixels[:, 0, 0, 1], pixels[:, 0, 0, 2] = numbers % 256, numbers // 256, 255 * synthetic
    return make_image_set(pixels, labels, CLASSES[: len(counts)], generator_seed=3 if synthetic else None)


def good_scores(images: ImageSet) -> pd.DataFrame:
    """Say of every image that the judge is sure of it and no training image is near."""
    count = len(images)
    return pd.DataFrame(
        {
            "judged_label": images.labels,
            "confidence": np.full(count, 0.9),
            "nearest_train": np.arange(count) % 2,
            "nearest_distance": np.full(count, 20.0),
            "near_copy": np.zeros(count, dtype=bool),
        }
    )


class Made(NamedTuple):
    """What came of a merge."""

    images: ImageSet
    account: Account


def made_of(real: ImageSet, synthetic: ImageSet, scores: pd.DataFrame, spec: MixSpec) -> Made:
    """Merge, and put the images together as those that train on them do; their manifest is the one that is written."""
    found = merge(real, synthetic, scores, spec)
    images = found.images()
    pd.testing.assert_frame_equal(images.manifest, found.manifest())
    return Made(images, found.account)
