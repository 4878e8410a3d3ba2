"""The merge of real and synthetic images."""

from collections.abc import Sequence

import numpy as np

from augment.core.errors import DataError
from augment.core.images import ImageSet, IntArray, concatenate, first_rows
from augment.merging.specs import MixSpec


def merge(real: ImageSet, synthetic: ImageSet, spec: MixSpec) -> ImageSet:
    """Put synthetic images behind the real ones until each class has the wanted synthetic share.

    Every row keeps its provenance. Of each class the first synthetic images are taken, so that a smaller share
    is a subset of a larger one. At share 1 the result is the synthetic set alone.

    Raises:
        DataError: Too few synthetic images of a class, or the two sets do not fit together.
    """
    if spec.share == 1.0:
        return synthetic
    wanted = additions(real.class_counts(), spec.share)
    available = synthetic.class_counts()
    short = [f"{real.classes[k]} ({available[k]} of {wanted[k]})" for k in np.flatnonzero(available < wanted)]
    if short:
        raise DataError(
            f"share {spec.share}: too few synthetic images of {', '.join(short)}; raise synthesis.per_class "
            f"to {wanted.max()} or lower the share"
        )
    return concatenate(real, synthetic.select(first_rows(synthetic.labels, wanted)))


def refuse_failed(failures: Sequence[str], synthesizer: str, mix: str) -> None:
    """Stop a merge with images of a synthesizer that failed its checks.

    Raises:
        DataError: There are failures; the message tells each, and what can be done.
    """
    if failures:
        listed = "".join(f"\n  {failure}" for failure in failures)
        raise DataError(
            f"mix {mix}: the images of synthesizer {synthesizer} failed {len(failures)} check(s):{listed}\n"
            f"expected none. Train longer or otherwise, or set mixes.{mix}.allow_failed: true to merge them as they are"
        )


def additions(real_counts: IntArray, share: float) -> IntArray:
    """Count the synthetic images each class needs, shape (K,): s real-to-total shares give n·s / (1 - s)."""
    return np.rint(real_counts * share / (1.0 - share)).astype(np.int64)
