"""How much real and synthetic images cover each other, by nearest neighbours in feature space."""

from dataclasses import dataclass

import numpy as np

from augment.core.errors import LeftOutError
from augment.core.seeding import numpy_generator
from augment.quality.neighbours import Points, blocks, distances, radii

MANIFOLD_NEIGHBOURS = 3
COVERAGE_NEIGHBOURS = 5

MOST = 10_000
"""Images of either side that are compared: of more a sample, as the cost grows with their product."""

FEWEST = COVERAGE_NEIGHBOURS + 1
"""Images that either side needs: each must have as many others as neighbours are asked for."""


@dataclass(frozen=True)
class Manifold:
    """How much two feature sets cover each other, each figure 0 to 1 but density, which may exceed 1.

    Attributes:
        precision: Share of synthetic images within the real ones' neighbourhoods (Kynkäänniemi et al., 2019,
            arXiv 1904.06991).
        recall: Share of real images within the synthetic ones' neighbourhoods.
        density: Real neighbourhoods a synthetic image lies in, over their expected number (Naeem et al., 2020,
            arXiv 2002.09797).
        coverage: Share of real images with a synthetic one in their neighbourhood. Two sets of N images of one
            distribution have an expected coverage of 0.97 or more, whatever the distribution and N.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def compare_manifolds(real: Points, synthetic: Points) -> Manifold:
    """Compare two feature sets by nearest neighbours.

    Args:
        real: Features, N×F, N ≥ 6; of more than `MOST` images, here and below, a sample is compared.
        synthetic: Features, M×F, M ≥ 6; recall depends on M, so keep it the same between two comparisons.

    Raises:
        LeftOutError: A set is too small for the neighbours.
    """
    if min(len(real), len(synthetic)) < FEWEST:
        raise LeftOutError(
            f"precision, recall, density and coverage need {FEWEST} images on either side, "
            f"found {len(real)} real ones, of val, and {len(synthetic)} synthetic ones, as many of each class: "
            "raise split.val or synthesis.per_class"
        )
    real, synthetic = _sample(real, "real"), _sample(synthetic, "synthetic")
    radii_real, wide = radii(real, (MANIFOLD_NEIGHBOURS, COVERAGE_NEIGHBOURS))
    (radii_synthetic,) = radii(synthetic, (MANIFOLD_NEIGHBOURS,))
    inside = inside_wide = np.zeros(len(synthetic))
    covered, recalled = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    for rows in blocks(len(real), len(synthetic)):
        tile = distances(real[rows], synthetic)
        inside = inside + (tile < radii_real[rows, None]).sum(0)
        inside_wide = inside_wide + (tile < wide[rows, None]).sum(0)
        covered[rows] = (tile < wide[rows, None]).any(1)
        recalled[rows] = (tile < radii_synthetic).any(1)
    return Manifold(
        precision=float((inside > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside_wide.mean() / COVERAGE_NEIGHBOURS),
        coverage=float(covered.mean()),
    )


def _sample(points: Points, side: str) -> Points:
    """Take `MOST` points, always the same ones; all of fewer."""
    if len(points) <= MOST:
        return points
    return points[np.sort(numpy_generator(0, "manifold", side).permutation(len(points))[:MOST])]
