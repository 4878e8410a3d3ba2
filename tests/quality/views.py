"""Real and constructed generators as a judge sees them: handwritten digits, halved, collapsed, mislabelled."""

from functools import cache

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from augment.core.images import FloatArray, IntArray
from augment.quality.generator_quality import Judged
from augment.quality.neighbours import Points

CLASSES = tuple("0123456789")


@cache
def digits() -> Judged:
    """1,197 real digits that the judge, a linear classifier of 600 others, never saw; the features are its pixels."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    known, unseen = order[:600], order[600:]
    judge = LogisticRegression(max_iter=1000).fit(pixels[known] / 16, labels[known])
    return Judged(pixels[unseen], labels[unseen].astype(np.int64), judge.predict_proba(pixels[unseen] / 16))


def halves(per_class: int, seed: int) -> tuple[Judged, Judged]:
    """Draw two sets of real digits, ``per_class`` images of each class, none in both."""
    real = digits()
    order = np.random.default_rng(seed).permutation(len(real.labels))
    rows = [order[real.labels[order] == label] for label in range(len(CLASSES))]
    parts = slice(per_class), slice(per_class, 2 * per_class)
    first, second = (np.concatenate([of_class[part] for of_class in rows]) for part in parts)
    return real.select(first), real.select(second)


def collapse(judged: Judged, labels: IntArray, noise: float, seed: int = 0) -> Judged:
    """Make every image of the given classes the first one of its class, plus a little noise."""
    rows = np.arange(len(judged.labels))
    for label in labels:
        rows[judged.labels == label] = np.flatnonzero(judged.labels == label)[0]
    repeated = judged.select(rows)
    jitter = np.random.default_rng(seed).normal(0, noise, repeated.features.shape)
    features = repeated.features + jitter * np.isin(judged.labels, labels)[:, None]
    return Judged(features, judged.labels, repeated.probabilities)


def relabel(judged: Judged, first: int, second: int) -> Judged:
    """Swap two labels and leave the images alone."""
    labels = judged.labels.copy()
    labels[judged.labels == first], labels[judged.labels == second] = second, first
    return Judged(judged.features, labels, judged.probabilities)


def cloud(count: int, centre: float, seed: int) -> FloatArray:
    """Draw points around a centre, count×4, standard deviation 1."""
    return np.random.default_rng(seed).normal(centre, 1.0, size=(count, 4))


def labelled(features: Points, labels: IntArray, classes: int) -> Judged:
    """Give points that a judge recognises for what they are labelled."""
    return Judged(features, labels, np.eye(classes)[labels])
