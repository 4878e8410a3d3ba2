"""What real images score in a generator's place."""

import numpy as np

from augment.quality.generator_quality import Judged, fidelity_figures, generator_quality


def real_reference(train: Judged, val: Judged, rng: np.random.Generator) -> dict[str, float]:
    """Give the same figures for real train images: about what a perfect generator would score at this sample size.

    As many train images of each class are drawn as val has; where train has fewer, as few of val are taken, and the
    distances are too high beside those of more synthetic images, since the Fréchet distance is biased upwards for few
    images. They are also somewhat too high where the judge, trained on train, tells it from val. The two label
    fidelities are the judge's own on val: on train it would merely repeat what it was told.

    Args:
        train: Real images.
        val: Held-out images.
        rng: Source of the draw.

    Raises:
        LeftOutError: Fewer than 6 images on either side.
    """
    shuffled = train.select(rng.permutation(len(train.labels)))
    return generator_quality(val, shuffled) | fidelity_figures(val)
