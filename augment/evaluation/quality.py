"""How good synthetic images are, judged in the features and by the labels of a CNN trained on real ones.

Features of a network trained on this dataset's own real images tell its classes apart; ImageNet features were not
made for small or grey images. Fréchet distance alone hides wrong labels, fidelity alone hides collapse: read
them together.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from augment.core.images import FloatArray, IntArray

MANIFOLD_NEIGHBOURS = 3
COVERAGE_NEIGHBOURS = 5

Array = npt.NDArray[np.floating]


def label_fidelity(intended: IntArray, judged: IntArray, classes: int) -> FloatArray:
    """Share of synthetic images that the judge gives the label they were made for, per class, shape (K,).

    A class without images has NaN.
    """
    hits = np.bincount(intended[intended == judged], minlength=classes)
    counts = np.bincount(intended, minlength=classes)
    return np.divide(hits, counts, out=np.full(classes, np.nan), where=counts > 0)


def frechet_distance(first: Array, second: Array) -> float:
    """Fréchet distance between Gaussians fitted to two feature sets (Heusel et al., 2017, arXiv 1706.08500).

    |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½). Biased upwards for small sets: compare with the floor that two real
    sets of the same sizes give.

    Args:
        first: Features, N×F.
        second: Features, M×F.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    shift = a.mean(0) - b.mean(0)
    cov_a, cov_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    # The product of two positive semi-definite matrices has real, non-negative eigenvalues, but for rounding.
    roots = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(min=0.0))
    return float(max(0.0, shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2.0 * roots.sum()))


@dataclass(frozen=True)
class Manifold:
    """How much two feature sets cover each other, each figure 0 to 1 but density, which may exceed 1.

    Attributes:
        precision: Share of synthetic images within the real ones' neighbourhoods (Kynkäänniemi et al., 2019,
            arXiv 1904.06991).
        recall: Share of real images within the synthetic ones' neighbourhoods.
        density: Real neighbourhoods a synthetic image lies in, over their expected number (Naeem et al., 2020,
            arXiv 2002.09797).
        coverage: Share of real images with a synthetic one in their neighbourhood.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def compare_manifolds(real: Array, synthetic: Array) -> Manifold:
    """Compare two feature sets by nearest neighbours.

    Args:
        real: Features, N×F, N > 5.
        synthetic: Features, M×F, M > 5; recall depends on M, so keep it the same between two comparisons.
    """
    radii_real = _radii(real, MANIFOLD_NEIGHBOURS)
    radii_synthetic = _radii(synthetic, MANIFOLD_NEIGHBOURS)
    wide = _radii(real, COVERAGE_NEIGHBOURS)
    inside = inside_wide = np.zeros(len(synthetic))
    covered, recalled = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    for rows in np.array_split(np.arange(len(real)), max(1, len(real) // 512)):  # bounds memory at 512×M
        distances = _distances(real[rows], synthetic)
        inside = inside + (distances < radii_real[rows, None]).sum(0)
        inside_wide = inside_wide + (distances < wide[rows, None]).sum(0)
        covered[rows] = (distances < wide[rows, None]).any(1)
        recalled[rows] = (distances < radii_synthetic[None]).any(1)
    return Manifold(
        precision=float((inside > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside_wide.mean() / COVERAGE_NEIGHBOURS),
        coverage=float(covered.mean()),
    )


def _radii(points: Array, neighbours: int) -> FloatArray:
    """Distance of each point to its k-th nearest other point."""
    distances, _ = NearestNeighbors(n_neighbors=neighbours).fit(points).kneighbors()
    radii: FloatArray = distances[:, -1]
    return radii


def _distances(first: Array, second: Array) -> FloatArray:
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1)[None] - 2.0 * first @ second.T
    return np.sqrt(squares.clip(min=0.0))
