"""What an arm's classifier learns from: its training set, and images without labels where its recipe says so."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from augment.classifier.calibration import at_temperature, fit_temperature
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.networks import Backbone
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import TrainedClassifier, train_classifier
from augment.classifier.unlabelled_spec import SelfTraining
from augment.core.cells import GROUP
from augment.core.endpoints import ACCURACY, Endpoint
from augment.core.images import PSEUDO_LABELLED, ImageSet, concatenate, make_manifest
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress


def learn(
    train: ImageSet,
    pool: ImageSet | None,
    val: ImageSet,
    spec: ClassifierSpec,
    recipe: RecipeSpec,
    seed: int,
    run: int,
    machine: Machine,
    told: Callable[[str], Progress],
    endpoint: Endpoint = ACCURACY,
) -> TrainedClassifier:
    """Train one classifier by a recipe.

    Args:
        train: Images to learn from.
        pool: Images without labels; None where the recipe does not ask for them.
        val: Images to stop by, and to calibrate by.
        spec: The network and its training.
        recipe: What the arm does to its training set.
        seed: The project's seed (``seed`` in ``params.yaml``).
        run: Number of this run; see `train_classifier`. Both classifiers of a self-training begin alike.
        machine: Where to compute.
        told: Gives the progress of a training, told apart by a word, empty where there is but one.
        endpoint: What val is asked.

    Raises:
        DataError: See `train_classifier`.
        TrainingError: A training diverged.
    """
    method = recipe.unlabelled
    if not isinstance(method, SelfTraining) or pool is None:
        return train_classifier(train, val, spec, recipe, seed, run, machine, told(""), endpoint, pool)
    plain = recipe.model_copy(update={"unlabelled": None})
    teacher = train_classifier(train, val, spec, plain, seed, run, machine, told(" teacher"), endpoint)
    more = believed(teacher.network, pool, val, train, method.threshold, machine)
    if not len(more):
        return replace(teacher, believed=0)
    both = concatenate(train, more)
    student = train_classifier(both, val, spec, plain, seed, run, machine, told(" student"), endpoint)
    return replace(
        student,
        best_step=teacher.steps + student.best_step,
        steps=teacher.steps + student.steps,
        converged=teacher.converged and student.converged,
        believed=len(more),
    )


def believed(
    network: Backbone, pool: ImageSet, val: ImageSet, train: ImageSet, threshold: float, machine: Machine
) -> ImageSet:
    """Label the images of which a classifier is sure.

    Args:
        network: The classifier, in evaluation mode.
        pool: Images without labels.
        val: Says what the classifier's probabilities are worth.
        train: Of whose classes, and with whose columns, the result is.
        threshold: Calibrated probability from which on a label is believed.
        machine: Where to compute.

    Returns:
        Those images, of the origin `PSEUDO_LABELLED`, so that nobody counts them among the real ones.
    """
    of_val, of_pool = (predict_probabilities(network, images.images, machine) for images in (val, pool))
    # Two digits say enough, and are the same on every machine, as the last bits of a logarithm are not.
    temperature = round(fit_temperature(of_val.astype(np.float64), val.labels), 2)
    probabilities = at_temperature(of_pool.astype(np.float64), temperature)
    rows = np.flatnonzero(probabilities.max(axis=1) >= threshold)
    known = pool.manifest.iloc[rows]
    manifest = make_manifest(probabilities[rows].argmax(axis=1), train.classes, known["content_hash"].tolist())
    manifest = manifest.assign(origin=PSEUDO_LABELLED)
    if GROUP in train.manifest and GROUP in known:
        manifest = manifest.assign(**{GROUP: known[GROUP].to_numpy()})
    if "weight" in train.manifest:
        manifest = manifest.assign(weight=1.0)
    return ImageSet(pool.images[rows], manifest, train.classes)
