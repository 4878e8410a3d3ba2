"""Several generators of one synthesizer: each draws by a seed of its own, which tells their images apart."""

import numpy as np
import pandas as pd

from augment.core.images import ImageSet, IntArray


def rows_by_generator(images: ImageSet) -> list[IntArray]:
    """List the rows of each generator's images, generators in the order of their first; real images are left out."""
    numbers, seeds = pd.factorize(images.manifest["generator_seed"])
    return [np.flatnonzero(numbers == number) for number in range(len(seeds))]


def for_run(images: ImageSet, run: int) -> ImageSet:
    """Give what one run of an arm learns from: the real images, and those of its own generator.

    Run k takes generator k: the runs are then independent of each other, and what is found over runs covers the
    generator's training, too.

    Args:
        images: A training set.
        run: Number of the run, from 0.
    """
    of_each = rows_by_generator(images)
    if len(of_each) <= 1:
        return images
    others = [rows for number, rows in enumerate(of_each) if number != run % len(of_each)]
    return images.select(np.setdiff1d(np.arange(len(images)), np.concatenate(others)))
