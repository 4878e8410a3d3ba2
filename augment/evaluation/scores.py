"""Scores of one run's predicted probabilities."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, log_loss, recall_score

from augment.core.images import Float32Array, FloatArray, IntArray

CALIBRATION_BINS = 15
SCORES = ("accuracy", "macro_f1", "balanced_accuracy", "log_loss", "calibration_error")


def score(labels: IntArray, probabilities: Float32Array) -> dict[str, float]:
    """Compute all `SCORES`: the first three 0 to 1, higher is better; the others ≥ 0, lower is better.

    A class never predicted has an F1 of 0. Balanced accuracy is the mean recall of the classes among the labels.

    Args:
        labels: True class indices, shape (N,).
        probabilities: float32, N×K, rows sum to 1.
    """
    predicted, classes = probabilities.argmax(axis=1), np.arange(probabilities.shape[1])
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0.0)),
        "balanced_accuracy": float(recall(labels, predicted, len(classes))[np.unique(labels)].mean()),
        "log_loss": float(log_loss(labels, probabilities, labels=classes)),
        "calibration_error": calibration_error(labels, probabilities),
    }


def recall(labels: IntArray, predicted: IntArray, classes: int) -> FloatArray:
    """Recall of each class, shape (K,), 0 to 1; 0 for a class without images."""
    every: Sequence[int] = range(classes)
    return np.asarray(recall_score(labels, predicted, labels=every, average=None, zero_division=0.0))


def calibration_error(labels: IntArray, probabilities: Float32Array, bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error: how far confidence and accuracy are apart, on average over images, 0 to 1.

    Images are put into equal bins of the probability of their predicted class, (0, 1/15], … (14/15, 1].
    Guo et al., "On calibration of modern neural networks", ICML 2017 (arXiv 1706.04599), eq. 3.

    Args:
        labels: True class indices, shape (N,), N ≥ 1.
        probabilities: float32, N×K, 0 to 1.
        bins: Number of bins.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    surplus = (probabilities.argmax(axis=1) == labels) - confidence
    bin_of = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(bin_of, weights=surplus, minlength=bins)).sum() / len(labels))
