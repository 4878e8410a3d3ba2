"""Scores of one run's predicted probabilities.

Scikit-learn is imported by what calls it: it takes a second, which stages that only tell of scores need not wait for.
"""

import numpy as np

from augment.core.images import Float32Array, FloatArray, IntArray

CALIBRATION_BINS = 15


def hits(labels: IntArray, probabilities: Float32Array) -> FloatArray:
    """1 where the most probable class is the label, 0 elsewhere, shape (N,).

    Args:
        labels: True class indices, shape (N,), here and below.
        probabilities: float32, N×K, rows sum to 1, here and below.
    """
    return (probabilities.argmax(axis=1) == labels).astype(np.float64)


def macro_f1(labels: IntArray, probabilities: Float32Array) -> float:
    """Mean over classes of the harmonic mean of precision and recall, 0 to 1; 0 for a class never predicted."""
    from sklearn.metrics import f1_score

    return float(f1_score(labels, probabilities.argmax(axis=1), average="macro", zero_division=0.0))


def recall(labels: IntArray, probabilities: Float32Array) -> FloatArray:
    """Recall of each class, shape (K,), 0 to 1; NaN for a class without images."""
    from sklearn.metrics import recall_score

    classes = np.arange(probabilities.shape[1])
    return np.asarray(
        recall_score(labels, probabilities.argmax(axis=1), labels=classes, average=None, zero_division=np.nan)
    )


def balanced_accuracy(labels: IntArray, probabilities: Float32Array) -> float:
    """Mean recall of the classes among the labels, 0 to 1."""
    return float(np.nanmean(recall(labels, probabilities)))


def log_loss(labels: IntArray, probabilities: Float32Array) -> float:
    """Mean of the negative logarithm of the true class's probability, ≥ 0."""
    from sklearn.metrics import log_loss as cross_entropy

    return float(cross_entropy(labels, probabilities, labels=np.arange(probabilities.shape[1])))


def calibration_error(labels: IntArray, probabilities: Float32Array, bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error: how far confidence and accuracy are apart, on average over images, 0 to 1.

    Images are put into equal bins of the probability of their predicted class, (0, 1/15], … (14/15, 1].
    Guo et al., "On calibration of modern neural networks", ICML 2017 (arXiv 1706.04599), eq. 3.

    Args:
        labels: N ≥ 1.
        probabilities: 0 to 1.
        bins: Number of bins.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    surplus = hits(labels, probabilities) - confidence
    bin_of = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(bin_of, weights=surplus, minlength=bins)).sum() / len(labels))
