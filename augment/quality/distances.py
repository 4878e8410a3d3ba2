"""Distances between two sets of images, each one figure, in the features of a CNN trained on real images.

Features of a network trained on this dataset's own real images tell its classes apart; ImageNet features were not
made for small or grey images. The Fréchet and the kernel distance hide wrong labels; the joint one sees them.
"""

import numpy as np

from augment.core.errors import LeftOutError
from augment.core.images import IntArray
from augment.quality.neighbours import Points, blocks


def frechet_distance(first: Points, second: Points) -> float:
    """Fréchet distance between Gaussians fitted to two feature sets (Heusel et al., 2017, arXiv 1706.08500).

    |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½). Biased upwards for small sets: compare with what two real
    sets of the same sizes give.

    Args:
        first: Features, N×F, N ≥ 2.
        second: Features, M×F, M ≥ 2.

    Raises:
        LeftOutError: A set has fewer than two images, so no covariance.
    """
    _expect_two(first, second)
    a, b = first.astype(np.float64), second.astype(np.float64)
    shift = a.mean(0) - b.mean(0)
    cov_a, cov_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    # The product of two positive semi-definite matrices has real, non-negative eigenvalues, but for rounding.
    roots = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(min=0.0))
    return float(max(0.0, shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2.0 * roots.sum()))


def frechet_joint_distance(
    real: Points, real_labels: IntArray, synthetic: Points, synthetic_labels: IntArray, classes: int
) -> float:
    """Fréchet distance of features joined with labels: quality, diversity and wrong labels in one figure.

    FJD (DeVries et al., 2019, arXiv 1907.08175): every image is its features, then α times its one-hot label. The
    scale α is the paper's: mean norm of the real features over mean norm of the label vectors, which is 1. Images
    of class a labelled b leave both marginals alone and change the covariance between features and labels.

    Args:
        real: Features, N×F, N ≥ 2.
        real_labels: Class indices, shape (N,).
        synthetic: Features, M×F, M ≥ 2.
        synthetic_labels: The labels they were made for, shape (M,). Keep the mix of classes that ``real`` has,
            or the distance measures that too.
        classes: K.

    Raises:
        LeftOutError: A set has fewer than two images.
    """
    scale = float(np.linalg.norm(real.astype(np.float64), axis=1).mean())
    one_hot = scale * np.eye(classes)
    return frechet_distance(
        np.concatenate([real, one_hot[real_labels]], axis=1),
        np.concatenate([synthetic, one_hot[synthetic_labels]], axis=1),
    )


def kernel_distance(first: Points, second: Points) -> float:
    """Squared maximum mean discrepancy with the kernel (x·y/F + 1)³ (KID; Bińkowski et al., 2018, arXiv 1801.01401).

    The unbiased estimate: an image is never compared with itself. Of independent images its expectation is the same
    at every size, so that, unlike the Fréchet distance, a small set gives no worse value on average, only a noisier
    one; two sets of one distribution scatter around 0, half of them below. Sets drawn to have equally many images
    of each class are not quite independent: a pair of one class is rarer within a set than between the two, and values
    are lower by 2/N · (mean kernel of such pairs - mean kernel of all). Compare with the real reference, which has
    that too.
    The paper averages over subsets of 1,000 to save time; here every pair counts, in tiles of bounded memory.

    Args:
        first: Features, N×F, N ≥ 2.
        second: Features, M×F, M ≥ 2.

    Raises:
        LeftOutError: A set has fewer than two images.
    """
    _expect_two(first, second)
    a, b = first.astype(np.float64), second.astype(np.float64)
    within = sum((_kernel_sum(x, x) - _own_kernels(x)) / (len(x) * (len(x) - 1)) for x in (a, b))
    return float(within - 2.0 * _kernel_sum(a, b) / (len(a) * len(b)))


def _kernel_sum(a: Points, b: Points) -> float:
    return sum(float(((a[rows] @ b.T / a.shape[1] + 1.0) ** 3).sum()) for rows in blocks(len(a), len(b)))


def _own_kernels(a: Points) -> float:
    return float((((a**2).sum(1) / a.shape[1] + 1.0) ** 3).sum())


def _expect_two(*sets: Points) -> None:
    if min(map(len, sets)) < 2:
        raise LeftOutError(
            f"a distance needs two images on either side, found {' and '.join(str(len(s)) for s in sets)}"
        )
