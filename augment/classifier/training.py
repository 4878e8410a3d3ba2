"""Training one classifier to convergence."""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from augment.classifier.adamw import AdamW, Optimiser
from augment.classifier.building import build_network
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.fixmatch import Views, pairs_of_views
from augment.classifier.lessons import lessons
from augment.classifier.networks import Backbone
from augment.classifier.objective import Objective, soft_cross_entropy_of
from augment.classifier.recipes import Batch
from augment.classifier.unlabelled_spec import FixMatch
from augment.core.cells import count_cells, groups_of
from augment.core.endpoints import ACCURACY, Blocks, Endpoint, find_blocks
from augment.core.errors import SettingsError, TrainingError
from augment.core.images import Float32Array, ImageSet, IntArray
from augment.runtime.averaging import update_average
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.seeding import torch_generator

AVERAGE_DECAY = 0.98
LOSS_MARGIN = 1e-3
"""At equal accuracy on val, cross-entropy must fall by this much (nats) to count as an improvement."""


@dataclass(frozen=True)
class TrainedClassifier:
    """A trained classifier and how its training went.

    Attributes:
        network: With the weights that did best on val, in evaluation mode.
        best_step: Steps after which those weights were reached.
        steps: Steps made.
        converged: Whether training stopped by patience, not at the cap.
        val_accuracy: Accuracy of those weights on val, 0 to 1.
        val_endpoint: What val says of them by the verdict's endpoint; None where that is accuracy.
        believed: Images without labels that were given one and learnt from, see `learn`; None where none was asked.
    """

    network: Backbone
    best_step: int
    steps: int
    converged: bool
    val_accuracy: float
    val_endpoint: float | None = None
    believed: int | None = None


@dataclass(frozen=True)
class Score:
    """What val says of a network.

    Attributes:
        endpoint: What the verdict is asked, 0 to 1.
        loss: Mean cross-entropy in nats, over the images that the endpoint counts, with its weights.
        accuracy: 0 to 1.
    """

    endpoint: float
    loss: float
    accuracy: float

    def improves_on(self, other: "Score") -> bool:
        """Tell whether this is better: by the endpoint, or where that is the same clearly by cross-entropy."""
        if self.endpoint == other.endpoint:
            return self.loss < other.loss - LOSS_MARGIN
        return self.endpoint > other.endpoint


def train_classifier(
    train: ImageSet,
    val: ImageSet,
    spec: ClassifierSpec,
    recipe: RecipeSpec,
    seed: int,
    run: int,
    machine: Machine,
    progress: Progress,
    endpoint: Endpoint = ACCURACY,
    pool: ImageSet | None = None,
) -> TrainedClassifier:
    """Train until val stops improving; keep the weights that did best there.

    The weights evaluated are an exponential moving average of the trained ones, which stands in for a
    learning-rate schedule: a schedule needs to know the last step, and early stopping finds it.

    Args:
        train: Images to learn from.
        val: Images to stop by; see `Score.improves_on`.
        spec: The network and its training.
        recipe: What the arm does to its training set. Val is seen as it is, whatever the recipe.
        seed: The project's seed (``seed`` in ``params.yaml``).
        run: Number of this run; run k of every arm shares its initialisation, and its batch order where the
            training sets are equally large.
        machine: Where to compute.
        progress: Told of every step.
        endpoint: What val is asked; see `asked_of_val`.
        pool: Images without labels, for a recipe that learns from them at every step.

    Raises:
        SettingsError: The recipe learns from images without labels, and there are none, or by two trainings, see
            `learn`.
        DataError: The endpoint asks for groups that val does not have.
        TrainingError: The training diverged: a network that has become NaN never recovers, and is never the best.
    """
    views = _views(pool, spec, recipe, seed, run, machine)
    untrained = build_network(train.shape, len(train.classes), spec, seed, run).to(machine.device)
    network, made, of_val, whole = lessons(untrained, train, val, spec, recipe, seed, run, machine)
    average = copy.deepcopy(network).requires_grad_(False).eval()
    best, best_score, best_step, done = copy.deepcopy(average), Score(-1.0, 0.0, 0.0), 0, 0
    asked = asked_of_val(endpoint, train, val)
    averaged, trained = _numbers(average), _numbers(network)
    # Fused, for a small network spends a fifth of a step on the optimiser's many little operations.
    optimiser = AdamW(network.rates(spec.learning_rate, recipe.weight_decay))
    masks = torch_generator(seed, "classifier", "dropout", run)
    objective = Objective(recipe)
    for step in progress.steps():
        batch = next(made) if views is None else next(made)._replace(views=next(views))
        train_step(network, optimiser, batch, recipe.dropout, masks, machine, objective)
        update_average(averaged, trained, step, AVERAGE_DECAY)
        done = step + 1
        if done % spec.eval_every and done != spec.max_steps:
            continue
        score = _score(of_val(average), val.labels, asked)
        if not math.isfinite(score.loss):
            raise TrainingError(
                f"training diverged: after {done} steps val's cross-entropy is not finite; "
                f"lower classifier.learning_rate (found {spec.learning_rate})"
            )
        progress.show(**{"val_accuracy": score.accuracy, f"val_{endpoint}": score.endpoint})
        if score.improves_on(best_score):
            best, best_score, best_step = copy.deepcopy(average), score, done
        elif done - best_step >= spec.patience * spec.eval_every:
            break
    converged = done - best_step >= spec.patience * spec.eval_every
    return TrainedClassifier(
        whole(best), best_step, done, converged, best_score.accuracy, None if asked is None else best_score.endpoint
    )


def _views(
    pool: ImageSet | None, spec: ClassifierSpec, recipe: RecipeSpec, seed: int, run: int, machine: Machine
) -> Iterator[Views] | None:
    """Give the images without labels that steps see; None where the recipe does not learn from any."""
    if recipe.unlabelled is None:
        return None
    if not isinstance(recipe.unlabelled, FixMatch) or pool is None:
        raise SettingsError("a recipe with `unlabelled` is for arms: here there are no images without labels")
    return pairs_of_views(pool.images, spec, recipe, recipe.unlabelled, seed, run, machine)


def asked_of_val(endpoint: Endpoint, train: ImageSet, val: ImageSet) -> Blocks | None:
    """Find what val can say of an endpoint: by the cells that it has.

    Where it has no image of a rare cell, or the training set has no real image to tell which are rare, all cells that
    val has are asked instead.

    Returns:
        None for accuracy.

    Raises:
        DataError: The endpoint asks for groups that val does not have.
    """
    if endpoint == ACCURACY:
        return None
    groups = groups_of(val)
    found = find_blocks(endpoint, val.labels, groups, count_cells(train, real=True))
    return found or find_blocks("cells", val.labels, groups)


def train_step(
    network: Backbone,
    optimiser: Optimiser,
    batch: Batch,
    dropout: float,
    rng: torch.Generator,
    machine: Machine,
    objective: Objective | None = None,
) -> None:
    """Make one step.

    Args:
        network: In training mode.
        optimiser: Of its weights.
        batch: What to learn.
        dropout: Share of the features below the head that are left out.
        rng: Source of that choice.
        machine: Where to compute.
        objective: What is to become small; cross-entropy by default.
    """
    change = None if batch.mixture is None else batch.mixture.blend
    images = batch.images if batch.views is None else torch.cat([batch.images, *batch.views])
    with machine.autocast():
        features = network.features(images, change, batch.depth)
        logits = network.head(dropped(features, dropout, rng))
    optimiser.zero_grad(set_to_none=True)
    loss = (objective or soft_cross_entropy_of)(logits.float(), features, batch)
    loss.backward()
    optimiser.step()


def dropped(features: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """Apply dropout (Srivastava et al., JMLR 2014) by a named generator; torch's own draws from the global one.

    Args:
        features: float, N×F.
        share: What is set to 0, 0 to 1; the rest grows so that the mean stays.
        rng: Source of the draws, on the CPU.
    """
    if share == 0.0:
        return features
    kept = (torch.rand(features.shape, generator=rng) >= share).to(features.device)
    return features * kept / (1.0 - share)


def _numbers(network: nn.Module) -> list[Tensor]:
    """Collect weights and batch-norm statistics; the average holds both, so that they fit each other."""
    return [tensor for tensor in (*network.parameters(), *network.buffers()) if tensor.is_floating_point()]


def _score(said: Float32Array, known: IntArray, asked: Blocks | None) -> Score:
    probabilities, labels = torch.from_numpy(said), torch.from_numpy(known)
    hits = probabilities.argmax(1) == labels
    accuracy, logs = hits.double().mean().item(), probabilities.clamp_min(1e-12).log()
    if asked is None:
        return Score(accuracy, F.nll_loss(logs, labels).item(), accuracy)
    right, losses = hits.double().numpy(), F.nll_loss(logs, labels, reduction="none").double().numpy()
    return Score(asked.value(right, right), asked.value(losses, right), accuracy)
