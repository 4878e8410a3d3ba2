"""Does the generator copy its training images? Their nearest neighbours tell, held-out images set the scale.

A synthetic image close to a training one is no proof: real images are close to each other, too. What an image of the
same distribution that the generator never saw would have, the held-out images show.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from augment.core.cells import cell_numbers, group_names
from augment.core.errors import LeftOutError
from augment.core.images import FloatArray, ImageSet, IntArray, UInt8Array
from augment.quality.neighbours import Nearest, nearest

NEAR_COPY_QUANTILE = 0.01


def class_units(held_out: FloatArray, labels: IntArray, classes: int) -> FloatArray:
    """Give the unit of distances to train for each class: the median of its held-out images, shape (K,).

    Classes lie unequally close, and rare ones far from their few training images: one measure for all would find
    copies in the dense classes only. The median over all classes where a class has no held-out image, or more than half
    of them are copies; 1 where that is 0, too.

    Args:
        held_out: Distances of held-out images to their nearest training image, shape (H,), H ≥ 1.
        labels: Their class indices, shape (H,).
        classes: K.
    """
    medians = np.asarray([np.median(held_out[labels == k]) if (labels == k).any() else 0.0 for k in range(classes)])
    overall = np.median(held_out) or 1.0
    return np.where(medians > 0.0, medians, overall)


def nearest_in_pixels(images: UInt8Array, train: UInt8Array) -> Nearest:
    """Find the nearest training image of each image; distances are root mean squares per pixel, in grey levels.

    Args:
        images: uint8, N×C×H×W.
        train: uint8, M×C×H×W, M ≥ 1.
    """
    numbers = images[0].size if len(images) else 1
    found = nearest(images.reshape(len(images), -1), train.reshape(len(train), -1))
    return Nearest(found.distance / numbers**0.5, found.row)


def nearest_in_cell(images: ImageSet, train: ImageSet) -> Nearest:
    """Find the nearest training image of each image among those of its class and group.

    Returns:
        Distances as in `nearest_in_pixels`; infinite, and row -1, where training has no image of the cell.
    """
    groups = group_names(train)
    own, of_train = cell_numbers(images, groups), cell_numbers(train, groups)
    distance, row = np.full(len(images), np.inf), np.full(len(images), -1, dtype=np.int64)
    for cell in np.intersect1d(own[own >= 0], of_train):
        rows, candidates = np.flatnonzero(own == cell), np.flatnonzero(of_train == cell)
        found = nearest_in_pixels(images.images[rows], train.images[candidates])
        distance[rows], row[rows] = found.distance, candidates[found.row]
    return Nearest(distance, row)


@dataclass(frozen=True)
class Memorisation:
    """Distances to the nearest training image, synthetic against held-out, in the units that they were given in.

    Attributes:
        ratio: Median distance of synthetic images over that of held-out ones; below 1 where the generator pulls towards
            its training images. NaN where more than half of the held-out images are copies of training ones.
        threshold: The distance that a share of `expected_near_copies` of held-out images falls below.
        near_copies: Share of synthetic images closer to train than ``threshold``.
        expected_near_copies: What ``near_copies`` is, on average, of images that copy nothing: the quantile asked
            for, or 1 / (H + 1) where fewer than 1 / quantile held-out images cannot place it any lower.
        pull: Probability that a synthetic image is nearer to train than a held-out one, ties half (the
            Mann–Whitney statistic, an area under a curve): 0.5 is no pull, 1 wholesale copying. Without pull its
            standard deviation is √((S + H + 1) / 12SH): 0.03 for 200 and 200 images, 0.13 for 10 and 10.
        near_copy: Which synthetic images are the near copies, bool, shape (S,).
    """

    ratio: float
    threshold: float
    near_copies: float
    expected_near_copies: float
    pull: float
    near_copy: npt.NDArray[np.bool_]

    def figures(self) -> dict[str, float]:
        """Give all but the mask."""
        return {name: value for name, value in vars(self).items() if name != "near_copy"}


def memorisation(synthetic: FloatArray, held_out: FloatArray, quantile: float = NEAR_COPY_QUANTILE) -> Memorisation:
    """Compare distances to the nearest training image, in pixels or in features.

    Give distances in `class_units`, and the mix of classes the same on both sides as far as it goes. In features of a
    judge that was itself trained on ``train``, held-out images are those it did not train on.

    Args:
        synthetic: Distances of synthetic images to their nearest training image, shape (S,), S ≥ 1.
        held_out: The same of real images that neither the generator nor the judge trained on, shape (H,), H ≥ 1.
        quantile: Share of held-out images that count as close; the near copies are closer than that. Placed so
            that an unseen image falls below with just this probability (Weibull's plotting position, rank
            quantile · (H + 1)).

    Raises:
        LeftOutError: Either side is empty.
    """
    if min(len(synthetic), len(held_out)) == 0:
        raise LeftOutError(
            f"expected distances on both sides, found {len(synthetic)} synthetic, {len(held_out)} held-out"
        )
    threshold = float(np.quantile(held_out, quantile, method="weibull"))
    near_copy = synthetic < threshold
    unseen = float(np.median(held_out))
    return Memorisation(
        ratio=float(np.median(synthetic)) / unseen if unseen > 0 else float("nan"),
        threshold=threshold,
        near_copies=float(near_copy.mean()),
        expected_near_copies=max(quantile, 1.0 / (len(held_out) + 1)),
        pull=_probability_less(synthetic, held_out),
        near_copy=near_copy,
    )


def _probability_less(first: FloatArray, second: FloatArray) -> float:
    """P(a < b) + P(a = b) / 2, by ranks: R₂ - n₂(n₂ + 1)/2 pairs have the second value higher."""
    ranks = rankdata(np.concatenate([first, second]))
    count = len(second)
    higher = ranks[len(first) :].sum() - count * (count + 1) / 2
    return float(higher / (len(first) * count))
