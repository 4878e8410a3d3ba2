"""Multi-scale structural similarity of image pairs (MS-SSIM; Wang, Simoncelli & Bovik, 2003)."""

import numpy as np

from augment.core.images import FloatArray, UInt8Array

SCALE_WEIGHTS = np.asarray([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
"""Of the paper, from the finest scale to the coarsest."""

WINDOW, WINDOW_SIGMA = 11, 1.5
LUMINANCE_FLOOR, CONTRAST_FLOOR = (0.01 * 255) ** 2, (0.03 * 255) ** 2
COARSEST_SIDE = 8
"""A side of 128 then has the paper's five scales, 64 four, 32 three, 28 and 16 two, 8 one."""


def ms_ssim(first: UInt8Array, second: UInt8Array) -> FloatArray:
    """Multi-scale structural similarity of each pair, shape (P,): 1 for equal images, near 0 for unrelated ones.

    ∏ₛ csₛ^wₛ · l_S^w_S: contrast and structure at every scale s, luminance at the coarsest, each a mean over window
    positions and channels. Small images have fewer scales (see `COARSEST_SIDE`), the finest ones, and their weights
    are divided by their sum. Where a map is smaller than the window of 11, the window takes the map's smaller side,
    and its σ = 1.5 shrinks in proportion. A negative mean counts 0, since it has no real power.

    Args:
        first: uint8, P×C×H×W, H and W from 8 (made for up to 128; larger images have five scales too).
        second: uint8, P×C×H×W.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    scales = _scales(min(a.shape[2:]))
    weights = SCALE_WEIGHTS[:scales] / SCALE_WEIGHTS[:scales].sum()
    product = np.ones(len(a))
    for scale, weight in enumerate(weights):
        if scale:
            a, b = _halve(a), _halve(b)
        luminance, structure = _comparisons(a, b)
        similarity = luminance * structure if scale == scales - 1 else structure
        product *= similarity.mean(axis=(1, 2, 3)).clip(min=0.0) ** weight
    return product


def _scales(side: int) -> int:
    scales = 1
    while scales < len(SCALE_WEIGHTS) and side // 2**scales >= COARSEST_SIDE:
        scales += 1
    return scales


def _comparisons(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compare luminance, and contrast with structure, at every window position: two maps P×C×H'×W'."""
    size = min(WINDOW, *a.shape[2:])
    rows, columns = (_gaussian_band(side, size) for side in a.shape[2:])

    def blur(maps: FloatArray) -> FloatArray:
        return rows @ maps @ columns.T

    mean_a, mean_b = blur(a), blur(b)
    spread = blur(a * a) + blur(b * b) - mean_a**2 - mean_b**2
    shared = blur(a * b) - mean_a * mean_b
    luminance = (2.0 * mean_a * mean_b + LUMINANCE_FLOOR) / (mean_a**2 + mean_b**2 + LUMINANCE_FLOOR)
    return luminance, (2.0 * shared + CONTRAST_FLOOR) / (spread + CONTRAST_FLOOR)


def _gaussian_band(side: int, size: int) -> FloatArray:
    """Gaussian window at every position inside a side, as a matrix: (side - size + 1)×side, rows sum to 1."""
    offsets = np.arange(size) - (size - 1) / 2
    window = np.exp(-0.5 * (offsets * WINDOW / (size * WINDOW_SIGMA)) ** 2)
    band = np.zeros((side - size + 1, side))
    for start, row in enumerate(band):
        row[start : start + size] = window / window.sum()
    return band


def _halve(maps: FloatArray) -> FloatArray:
    """Average 2×2 pixels; an odd last row or column is left out."""
    count, channels, height, width = maps.shape
    even = maps[:, :, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(count, channels, height // 2, 2, width // 2, 2).mean(axis=(3, 5))
