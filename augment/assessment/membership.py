"""What do synthetic images tell of who was in the training set? An attack by the nearest synthetic image.

The attacker has the synthetic images and other images, half of them from the training set; whatever lies close to a
synthetic image is taken for a training image (Chen et al., "GAN-Leaks", 2020, arXiv 1909.03935, full black box).
Held-out images are the other half. An attack that fails proves nothing against a cleverer one.
"""

from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binomtest, mannwhitneyu, norm
from sklearn.metrics import roc_curve

from augment.core.errors import LeftOutError
from augment.core.images import FloatArray, IntArray

CONFIDENCE = 0.95
FALSE_ALARMS = 0.01
"""Share of unseen images taken for training images, at which the careful attacker is measured."""


class Pool(NamedTuple):
    """The images that the attacker has to tell apart: equally many of each class on both sides.

    Otherwise classes would give members away: some lie closer to their synthetic images than others.

    Attributes:
        members: Rows of the train split, int64, shape (M,), in the order of classes.
        others: Rows of the held-out split, int64, shape (M,), likewise.
        labels: Their class indices, of either side, int64, shape (M,).
    """

    members: IntArray
    others: IntArray
    labels: IntArray

    def select(self, rows: IntArray) -> "Pool":
        """Give a part of it."""
        return Pool(self.members[rows], self.others[rows], self.labels[rows])


@dataclass(frozen=True)
class Membership:
    """How well the attack does.

    Attributes:
        images: M, the images on each side.
        auc: Probability that of a training image and an unseen one the attacker names the right one (Mann-Whitney):
            0.5 without any leak. With ``auc_low`` and ``auc_high``, see `auc_interval`.
        p_value: One-sided, of no leak at all (Mann-Whitney test).
        advantage: True minus false positive rate (Yeom et al., 2018, arXiv 1709.01604), 0 without any leak; see
            `held_out_advantage`. With ``advantage_low`` and ``advantage_high``.
        caught: Share of the training images that are found while only `FALSE_ALARMS` of the unseen ones are suspected
            (Carlini et al., 2022, arXiv 2112.03570). Without any leak it is `FALSE_ALARMS` on average, with a standard
            deviation of about √(0.02 / M): 0.006 for 500 images. NaN for fewer than 99, which cannot tell.
    """

    images: int
    auc: float
    auc_low: float
    auc_high: float
    p_value: float
    advantage: float
    advantage_low: float
    advantage_high: float
    caught: float

    def figures(self) -> dict[str, float]:
        """Give plain values."""
        return asdict(self)


def draw_pool(train_labels: IntArray, held_out_labels: IntArray, rng: np.random.Generator) -> Pool:
    """Draw as many images of each class from either side as the side with fewer has.

    Args:
        train_labels: Class indices of the train split, shape (N,).
        held_out_labels: The same of images that the generator never saw.
        rng: Source of the draw; the first rows would do where rows had no order, but writers come one after another.
    """
    classes = 1 + max(train_labels.max(), held_out_labels.max())
    counts = np.minimum(*(np.bincount(labels, minlength=classes) for labels in (train_labels, held_out_labels)))
    members, others = (
        np.concatenate([rng.permutation(np.flatnonzero(labels == k))[:count] for k, count in enumerate(counts)])
        for labels in (train_labels, held_out_labels)
    )
    return Pool(members, others, train_labels[members])


def attack(members: FloatArray, others: FloatArray, labels: IntArray, rng: np.random.Generator) -> Membership:
    """Tell members from others by the distance to the nearest synthetic image, and see how often that is right.

    Distances count in units of the median of all images of their class, members or not: the attacker knows classes, and
    may not know more. (With 2 images of a class, this makes 6 % of tests at 5 % raise a false alarm; with 10, 5 %.)

    Args:
        members: Distances of training images to their nearest synthetic image, in any space, shape (M,).
        others: The same of unseen images.
        labels: Class indices of either side, shape (M,), see `draw_pool`.
        rng: Source of the halves of `held_out_advantage`.

    Raises:
        LeftOutError: Fewer than two images a side.
    """
    if len(labels) < 2:
        raise LeftOutError(
            f"membership: expected at least 2 images of classes that both splits have, found {len(labels)}"
        )
    near, far = members.copy(), others.copy()
    for label in np.unique(labels):
        own = labels == label
        unit = np.median([members[own], others[own]])
        if unit > 0:  # else more than half of the class are copies, and 0 they stay
            near[own], far[own] = members[own] / unit, others[own] / unit
    test = mannwhitneyu(near, far, alternative="less")
    auc = 1.0 - float(test.statistic) / len(near) ** 2
    low, high = auc_interval(auc, len(near))
    advantage, advantage_low, advantage_high = held_out_advantage(near, far, rng)
    enough = len(far) >= 1 / FALSE_ALARMS - 1
    return Membership(
        images=len(near),
        auc=auc,
        auc_low=low,
        auc_high=high,
        p_value=float(test.pvalue),
        advantage=advantage,
        advantage_low=advantage_low,
        advantage_high=advantage_high,
        caught=float((near < np.quantile(far, FALSE_ALARMS, method="weibull")).mean()) if enough else float("nan"),
    )


def auc_interval(auc: float, images: int) -> tuple[float, float]:
    """Give the 95 % score interval of an area under the curve with equally many images on both sides.

    Newcombe, Statistics in Medicine 25 (2006) 559-573, method 5: all areas θ that a test with the variance of Hanley
    and McNeil (Radiology 143, 1982) at θ would not reject. Unlike intervals with the variance at the estimate it has a
    width where every image was named rightly; and it leaves out 0.5 just where the Mann-Whitney test rejects.

    Args:
        auc: The estimate, 0 to 1.
        images: Images of each side.
    """
    z = float(norm.ppf((1 + CONFIDENCE) / 2))

    def excess(area: float) -> float:
        """Squared distance from the estimate, less what the test allows."""
        shape = (1 - area) / (2 - area) + area / (1 + area)
        variance = area * (1 - area) * (1 + (images - 1) * shape) / images**2
        return (area - auc) ** 2 - z**2 * variance

    edge = 1e-12  # 0 and 1 solve the equation too, where the estimate lies there
    return float(brentq(excess, 0.0, min(auc, 1 - edge))), float(brentq(excess, max(auc, edge), 1.0))


def held_out_advantage(members: FloatArray, others: FloatArray, rng: np.random.Generator) -> tuple[float, float, float]:
    """Give the advantage of an attacker who learns the threshold on one half and is measured on the other, both ways.

    The largest difference over all thresholds on the same images would be above 0 without any leak: by 0.08 on average
    for 100 and 100 images.

    Args:
        members: Distances of training images, shape (M,).
        others: Distances of unseen images, shape (M,).
        rng: Source of the halves.

    Returns:
        True minus false positive rate, and its 95 % interval: Newcombe's hybrid of two Wilson intervals (Statistics in
        Medicine 17 (1998) 873-890, method 10).
    """
    count = len(members)
    halves = np.array_split(rng.permutation(count), 2)
    found, suspected = 0, 0
    for learn, measure in (halves, reversed(halves)):
        threshold = _best_threshold(members[learn], others[learn])
        found += int((members[measure] <= threshold).sum())
        suspected += int((others[measure] <= threshold).sum())
    right, wrong = (binomtest(number, count).proportion_ci(CONFIDENCE, "wilson") for number in (found, suspected))
    true, false = found / count, suspected / count
    below = float(np.hypot(true - right.low, wrong.high - false))
    above = float(np.hypot(right.high - true, false - wrong.low))
    return true - false, true - false - below, true - false + above


def _best_threshold(members: FloatArray, others: FloatArray) -> float:
    """Find the distance up to which images should be taken for members; below all of them if that is best."""
    is_member = np.repeat([1, 0], [len(members), len(others)])
    false, true, thresholds = roc_curve(is_member, -np.concatenate([members, others]))
    return -float(thresholds[np.argmax(true - false)])
