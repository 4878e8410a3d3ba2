"""How well the judge knows the real images: where it does not, its opinion of synthetic ones is worth little."""

import numpy as np
from scipy import stats

from augment.quality.fidelity import label_fidelity
from augment.quality.generator_quality import Judged

CONFIDENCE = 0.95


def judge_strength(val: Judged) -> dict[str, float]:
    """Measure how much of held-out real images the judge recognises, every class counting alike.

    Frequent classes do not hide rare ones, and guessing comes to one in K however lopsided the classes are. The
    interval is that of a mean of shares, each class's variance taken after a hit and a miss more than were counted, as
    few images without an error prove little (Agresti & Caffo, 2000).

    Args:
        val: Real images that the judge did not learn from.

    Returns:
        ``accuracy`` (mean recall of the classes that val has), the ends of its interval, ``accuracy_low`` and
        ``accuracy_high``, and ``chance``, what guessing comes to; all 0 to 1.
    """
    counts = np.bincount(val.labels, minlength=val.classes)
    recalls, counts = label_fidelity(val.labels, val.predicted, val.classes)[counts > 0], counts[counts > 0]
    shrunk = (recalls * counts + 1) / (counts + 2)
    error = np.sqrt((shrunk * (1 - shrunk) / (counts + 2)).sum()) / len(counts)
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * float(error)
    accuracy = float(recalls.mean())
    return {
        "accuracy": accuracy,
        "accuracy_low": max(0.0, accuracy - half),
        "accuracy_high": min(1.0, accuracy + half),
        "chance": 1.0 / val.classes,
    }
