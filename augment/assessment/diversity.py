"""Does a generator make many kinds of images, over all classes and within each?"""

import numpy as np
import numpy.typing as npt

from augment.assessment.similarity import ms_ssim
from augment.core.images import FloatArray, IntArray, UInt8Array
from augment.quality.generator_quality import Judged
from augment.quality.neighbours import blocks, mean_pairwise_distance


def inception_score(probabilities: npt.NDArray[np.floating]) -> float:
    """Inception score with the judge in Inception's place (Salimans et al., 2016, arXiv 1606.03498).

    exp(mean over images of KL(p(y|x) ‖ p(y))), from 1 (every image has the same class probabilities) to K (each
    image surely one class, all K equally often). Sees sure and evenly many classes; neither wrong labels nor one
    image a class, repeated.

    Args:
        probabilities: The judge's class probabilities, N×K, rows sum to 1.
    """
    conditional = probabilities.astype(np.float64)
    marginal = conditional.mean(axis=0, keepdims=True)
    # 0 · log 0 counts 0, its limit.
    logs = np.log(np.divide(conditional, marginal, out=np.ones_like(conditional), where=conditional > 0))
    return float(np.exp((conditional * logs).sum(axis=1).mean()))


def intra_class_ms_ssim(
    images: UInt8Array, labels: IntArray, classes: int, pairs: int, rng: np.random.Generator
) -> FloatArray:
    """Mean MS-SSIM of random pairs within each class, shape (K,) (Odena et al., 2017, arXiv 1610.09585).

    High values are near-identical images: collapse. How high is high depends on the class, so always compare with
    real images of the same class.

    Args:
        images: uint8, N×C×H×W, H and W from 8 to 128.
        labels: Class indices, shape (N,).
        classes: K.
        pairs: Pairs a class, each of two different images, drawn with replacement from all such pairs.
        rng: Source of the draws.

    Returns:
        float64, 0 to 1; NaN for a class of fewer than two images.
    """
    found = np.full(classes, np.nan)
    for label in range(classes):
        rows = np.flatnonzero(labels == label)
        if len(rows) < 2:
            continue
        first = rng.integers(len(rows), size=pairs)
        second = (first + rng.integers(1, len(rows), size=pairs)) % len(rows)
        similarities = [
            ms_ssim(images[rows[first[part]]], images[rows[second[part]]])
            for part in blocks(pairs, 8 * images[0].size)  # the maps that one pair needs at a time
        ]
        found[label] = np.concatenate(similarities).mean()
    return found


def class_diversity(judged: Judged) -> FloatArray:
    """Mean distance in feature space between two images of a class, shape (K,); NaN for fewer than two."""
    each = range(judged.classes)
    return np.asarray([mean_pairwise_distance(judged.features[judged.labels == label]) for label in each])


def diversity_ratio(real: Judged, synthetic: Judged) -> FloatArray:
    """Diversity of each synthetic class over that of the real one, shape (K,), from 0; 1 is as diverse as real.

    The mean of pairwise distances has no bias at small sizes, so the two sets may differ in size.

    Returns:
        float64; NaN where a class has fewer than two images on either side, or its real images are all the same.
    """
    of_real, of_synthetic = class_diversity(real), class_diversity(synthetic)
    return np.divide(of_synthetic, of_real, out=np.full(real.classes, np.nan), where=of_real > 0)
