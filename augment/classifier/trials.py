"""Small trainings that decide something about a training set."""

import numpy as np
import numpy.typing as npt

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import train_classifier
from augment.core.endpoints import ACCURACY, Endpoint
from augment.core.generators import for_run
from augment.core.images import ImageSet
from augment.core.seeding import derive_seed
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.side_by_side import side_by_side


def hits_on_val(
    train: ImageSet,
    val: ImageSet,
    spec: ClassifierSpec,
    recipe: RecipeSpec,
    seed: int,
    runs: int,
    machine: Machine,
    what: str,
    endpoint: Endpoint = ACCURACY,
) -> npt.NDArray[np.bool_]:
    """Train classifiers and tell which images of val each has right.

    Args:
        train: Images to learn from, see `for_run`.
        val: Images to stop by, and to judge by.
        spec: The network and its training.
        recipe: How the training set is treated.
        seed: The project's seed (``seed`` in ``params.yaml``). Run k here is not run k of an arm: an arm whose data
            were chosen for the weights that it starts from would flatter itself.
        runs: R, the number of classifiers.
        machine: Where to compute.
        what: What progress is reported of.
        endpoint: What training is stopped by.

    Returns:
        R×N.

    Raises:
        TrainingError: A training diverged.
    """
    trial_seed = derive_seed(seed, "classifier", "trials")

    def hits(run: int, line: int) -> npt.NDArray[np.bool_]:
        progress = Progress(f"{what} run {run + 1} of {runs}", spec.max_steps, capped=True, line=line)
        trained = train_classifier(for_run(train, run), val, spec, recipe, trial_seed, run, machine, progress, endpoint)
        right: npt.NDArray[np.bool_] = (
            predict_probabilities(trained.network, val.images, machine).argmax(1) == val.labels
        )
        return right

    return np.stack(side_by_side(hits, runs, machine))
