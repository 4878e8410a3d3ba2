"""Do synthetic images look like the class they were made for? A classifier trained on real images is the judge."""

import numpy as np

from augment.core.images import FloatArray, IntArray


def label_fidelity(intended: IntArray, judged: IntArray, classes: int) -> FloatArray:
    """Share of synthetic images that the judge gives the label they were made for, per class, shape (K,).

    With real labels for ``intended`` it is the judge's own recall: what perfect images would reach. Fidelity alone
    hides collapse: one good image a class, repeated, has fidelity 1.

    Args:
        intended: Class indices, shape (N,).
        judged: The judge's most probable classes, shape (N,).
        classes: K.

    Returns:
        float64, 0 to 1; NaN for a class without images.
    """
    hits = np.bincount(intended[intended == judged], minlength=classes)
    counts = np.bincount(intended, minlength=classes)
    return np.divide(hits, counts, out=np.full(classes, np.nan), where=counts > 0)
