"""The classifier that judges synthetic images, and whose like measures what they teach."""

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.training import TrainedClassifier, train_classifier
from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress

SPEC = ClassifierSpec(max_steps=1500)
RECIPE = RecipeSpec(transforms="mild", sampling="balanced")
"""A judge should know every class equally well. It is no arm, and follows no settings of arms or their classifier: a
change to those would train every synthesizer again."""

REAL_RUN, SYNTHETIC_RUN = 0, 1
"""Numbers of the two runs: they begin from different weights."""


def train_judge(train: ImageSet, val: ImageSet, seed: int, run: int, machine: Machine, what: str) -> TrainedClassifier:
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

    Raises:
        TrainingError: The training diverged.
    """
    return train_classifier(train, val, SPEC, RECIPE, seed, run, machine, Progress(what, SPEC.max_steps, capped=True))
