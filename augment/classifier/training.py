"""Training one classifier to convergence."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from augment.classifier.networks import SmallCNN
from augment.classifier.prediction import predict_probabilities
from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.classifier.transforms import mild
from augment.core.images import ImageSet
from augment.runtime.batches import balanced_rows, shuffled_rows, to_float
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.seeding import seeded_init, torch_generator

AVERAGE_DECAY = 0.98
WEIGHT_DECAY = 1e-2
LOSS_MARGIN = 1e-3
"""At equal accuracy on val, cross-entropy must fall by this much (nats) to count as an improvement."""


@dataclass(frozen=True)
class Trained:
    """A trained classifier and how its training went.

    Attributes:
        network: With the weights that did best on val, in evaluation mode.
        best_step: Steps after which those weights were reached.
        steps: Steps made.
        converged: Whether training stopped by patience, not at the cap.
        val_accuracy: Accuracy of those weights on val, 0 to 1.
    """

    network: SmallCNN
    best_step: int
    steps: int
    converged: bool
    val_accuracy: float


@dataclass(frozen=True)
class Score:
    """What val says of a network: accuracy, 0 to 1, and mean cross-entropy in nats."""

    accuracy: float
    loss: float

    def improves_on(self, other: "Score") -> bool:
        """Tell whether this is better: by accuracy, or at the same accuracy clearly by cross-entropy."""
        if self.accuracy == other.accuracy:
            return self.loss < other.loss - LOSS_MARGIN
        return self.accuracy > other.accuracy


def build_network(shape: tuple[int, int, int], classes: int, spec: ClassifierSpec, seed: int, run: int) -> SmallCNN:
    """Build the network of one run; the same seed and run give the same initial weights in every arm."""
    with seeded_init(seed, "classifier", "initialisation", run):
        return SmallCNN(shape, classes, spec.width)


def train_classifier(
    train: ImageSet,
    val: ImageSet,
    spec: ClassifierSpec,
    recipe: RecipeSpec,
    seed: int,
    run: int,
    machine: Machine,
    progress: Progress,
) -> Trained:
    """Train until val stops improving; keep the weights that did best there.

    The weights looked at are an exponential moving average of the trained ones, which stands in for a
    learning-rate schedule: a schedule needs to know the last step, and early stopping finds it.

    Args:
        train: Images to learn from.
        val: Images to stop by; see `Score.improves_on`.
        spec: The network and its training.
        recipe: Transforms and sampling.
        seed: The run's seed.
        run: Number of this run; run k of every arm shares its initialisation, and its batch order where the
            training sets are equally large.
        machine: Where to compute.
        progress: Told of every step.
    """
    network = build_network(train.shape, len(train.classes), spec, seed, run).to(machine.device)
    average = copy.deepcopy(network).requires_grad_(False).eval()
    best, best_score, best_step, done = copy.deepcopy(average), Score(-1.0, 0.0), 0, 0
    optimiser = torch.optim.AdamW(network.parameters(), lr=spec.learning_rate, weight_decay=WEIGHT_DECAY)
    batches = _batches(train, spec, recipe, seed, run, machine)
    for step in progress.steps():
        _step(network, optimiser, *next(batches), machine)
        _update_average(average, network, step)
        done = step + 1
        if done % spec.eval_every and done != spec.max_steps:
            continue
        score = _score(average, val, machine)
        progress.show(val_accuracy=score.accuracy)
        if score.improves_on(best_score):
            best, best_score, best_step = copy.deepcopy(average), score, done
        elif done - best_step >= spec.patience * spec.eval_every:
            break
    converged = done - best_step >= spec.patience * spec.eval_every
    return Trained(best, best_step, done, converged, best_score.accuracy)


def _batches(
    train: ImageSet, spec: ClassifierSpec, recipe: RecipeSpec, seed: int, run: int, machine: Machine
) -> Iterator[tuple[Tensor, Tensor]]:
    images = torch.from_numpy(train.images.copy()).to(machine.device)
    labels = torch.from_numpy(train.labels)
    order = torch_generator(seed, "classifier", "batches", run)
    draws = torch_generator(seed, "classifier", "transforms", run)
    if recipe.sampling == "balanced":
        rows_of_batches = balanced_rows(labels, spec.batch_size, order)
    else:
        rows_of_batches = shuffled_rows(len(labels), spec.batch_size, order)
    for rows in rows_of_batches:
        batch = to_float(images[rows.to(machine.device)])
        if recipe.transforms == "mild":
            batch = mild(batch, draws, flips=spec.flips)
        yield batch, labels[rows].to(machine.device)


def _step(
    network: nn.Module, optimiser: torch.optim.Optimizer, images: Tensor, labels: Tensor, machine: Machine
) -> None:
    with machine.autocast():
        logits = network(images)
    optimiser.zero_grad(set_to_none=True)
    F.cross_entropy(logits, labels).backward()
    optimiser.step()


@torch.no_grad()
def _update_average(average: nn.Module, current: nn.Module, step: int) -> None:
    decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
    torch._foreach_lerp_(_numbers(average), _numbers(current), 1.0 - decay)


def _numbers(network: nn.Module) -> list[Tensor]:
    """Collect weights and batch-norm statistics; the average holds both, so that they fit each other."""
    return [tensor for tensor in (*network.parameters(), *network.buffers()) if tensor.is_floating_point()]


def _score(network: SmallCNN, val: ImageSet, machine: Machine) -> Score:
    probabilities = torch.from_numpy(predict_probabilities(network, val.images, machine))
    labels = torch.from_numpy(val.labels)
    accuracy = (probabilities.argmax(1) == labels).double().mean().item()
    return Score(accuracy, F.nll_loss(probabilities.clamp_min(1e-12).log(), labels).item())
