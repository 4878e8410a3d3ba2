"""The classifier that judges synthetic images, and whose like measures what they teach."""

import math

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.training import TrainedClassifier, train_classifier
from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress

MOST_STEPS, MOST_EPOCHS = 1500, 250
"""Training ends here at the latest. A few hundred images are all known long before step 1,500, and large ones make a
step cost half a second: 200 of 128×128 pixels end after 782 steps."""

EVERY, PATIENCE = 25, 200
"""Steps between two evaluations on val, at least, and without improvement before training stops, about."""

IMAGES_A_STEP = 96
"""Images of val for each step between two evaluations, at most: half of what a step itself costs, as an image is seen
forwards alone where training goes backwards, too."""

FEWEST_POINTS = 3
"""Evaluations without improvement, at least: one may be bad luck, though less so of many images."""

RECIPE = RecipeSpec(transforms="mild", sampling="balanced")
"""A judge should know every class equally well. It is no arm, and follows no settings of arms or their classifier: a
change to those would train every synthesizer again."""

REAL_RUN, SYNTHETIC_RUN = 0, 1
"""Numbers of the two runs: they begin from different weights."""


def budget(images: int, val: int) -> ClassifierSpec:
    """Fit the training to its data.

    Args:
        images: Real images to learn from.
        val: Images to stop by.
    """
    batch_size = ClassifierSpec().batch_size
    every = max(EVERY, math.ceil(val / IMAGES_A_STEP))
    return ClassifierSpec(
        max_steps=min(MOST_STEPS, math.ceil(MOST_EPOCHS * images / batch_size)),
        eval_every=every,
        patience=max(FEWEST_POINTS, math.ceil(PATIENCE / every)),
    )


def train_judge(
    train: ImageSet,
    val: ImageSet,
    seed: int,
    run: int,
    machine: Machine,
    what: str,
    real: int | None = None,
) -> TrainedClassifier:
    """Train a classifier on real images to be the judge, or on synthetic ones to see what they teach.

    Trained on synthetic images alone, its accuracy on val is the classification accuracy score (Ravuri & Vinyals, 2019,
    arXiv 1905.10887); what the judge itself reaches there is the score of real images. Both are stopped by val, and so
    a little too high.

    Args:
        train: Images to learn from.
        val: Real images to stop by.
        seed: The project's seed (``seed`` in ``params.yaml``).
        run: `REAL_RUN` or `SYNTHETIC_RUN`.
        machine: Where to compute.
        what: How the progress bar calls it.
        real: Number of real images that the judge learned from, if ``train`` are others: both have the same `budget`.

    Raises:
        TrainingError: The training diverged.
    """
    spec = budget(len(train) if real is None else real, len(val))
    return train_classifier(train, val, spec, RECIPE, seed, run, machine, Progress(what, spec.max_steps, capped=True))
