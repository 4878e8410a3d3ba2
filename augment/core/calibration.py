"""Probabilities that mean what they say."""

import numpy as np

from augment.core.images import FloatArray, IntArray

COLDEST, HOTTEST = 0.05, 20.0
"""Temperatures that are tried: beyond them probabilities are 0 and 1, or all alike."""
SMALLEST = 1e-12


def fit_temperature(probabilities: FloatArray, labels: IntArray) -> float:
    """Find the temperature at which probabilities are likeliest (Guo et al., ICML 2017, arXiv 1706.04599).

    Args:
        probabilities: N×K.
        labels: int64, shape (N,).

    Returns:
        From `COLDEST` to `HOTTEST`; 1 where there is no image to go by.
    """
    from scipy.optimize import minimize_scalar  # which takes a while to import, and few stages need

    if not len(labels):
        return 1.0
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        right = at_temperature(probabilities, float(np.exp(log_temperature)))[rows, labels]
        return float(-np.log(right.clip(min=SMALLEST)).mean())

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def at_temperature(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Give probabilities p to the power of 1 / temperature, scaled to sum to 1; above 1 they come closer together."""
    logs = np.log(probabilities.clip(min=SMALLEST)) / temperature
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    scaled: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return scaled
