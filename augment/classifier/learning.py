"""What an arm's classifier learns from: its training set, and images without labels where its recipe says so."""

from collections.abc import Callable
from dataclasses import replace

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import TrainedClassifier, train_classifier
from augment.classifier.unlabelled_spec import SelfTraining
from augment.core.endpoints import ACCURACY, Endpoint
from augment.core.images import ImageSet, concatenate
from augment.core.pseudo_labels import pseudo_labelled
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
    of_pool, of_val = (predict_probabilities(teacher.network, images.images, machine) for images in (pool, val))
    more = pseudo_labelled(pool, of_pool, val, of_val, train, method.threshold)
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
