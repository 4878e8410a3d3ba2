"""A recipe at work: the batches it makes of a training set."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.fixmatch import Views
from augment.classifier.mixing import Mixture
from augment.classifier.parts import MIXINGS, TRANSFORMS, Mixed, Origin
from augment.classifier.pixels import noisy
from augment.classifier.targets import row_weights, weighted_targets
from augment.core.cells import group_places
from augment.core.images import ImageSet
from augment.core.seeding import numpy_generator
from augment.runtime.batches import balanced_rows, shuffled_rows, to_float
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator


class Batch(NamedTuple):
    """What one step trains on.

    Attributes:
        images: float32, N×C×H×W in [-1, 1].
        targets: float32, N×K, already mixed; see `augment.classifier.targets.weighted_targets`.
        mixture: What is left to be mixed, at ``depth``; None for nothing.
        depth: The stage of the network whose input is to be mixed.
        origin: Classes and groups of the images; None where nobody asks.
        views: Images without labels, seen twice; None where the recipe does not learn from any.
    """

    images: Tensor
    targets: Tensor
    mixture: Mixture | None = None
    depth: int = 0
    origin: Origin | None = None
    views: Views | None = None


def batches(
    train: ImageSet, spec: ClassifierSpec, recipe: RecipeSpec, stages: int, seed: int, run: int, machine: Machine
) -> Iterator[Batch]:
    """Yield batches for ever. Order, transforms and mixtures each have a generator of their own.

    Args:
        train: The training set; rows count by their weights.
        spec: Batch size, and whether images may be mirrored.
        recipe: What is done to them.
        stages: Number of stages of the network.
        seed: The project's seed (``seed`` in ``params.yaml``).
        run: Number of this run; at the same number, arms with training sets of one size see the same order.
        machine: Where the batches are needed.
    """
    images, labels = torch.from_numpy(train.images.copy()).to(machine.device), torch.from_numpy(train.labels)
    weights = row_weights(labels, torch.from_numpy(train.weights), class_weighted=recipe.loss == "class_weighted")
    targets = weighted_targets(labels, weights, len(train.classes)).to(machine.device)
    groups = torch.from_numpy(group_places(train))
    transform = TRANSFORMS[recipe.transforms]
    draws, pixels = (torch_generator(seed, "classifier", purpose, run) for purpose in ("transforms", "noise"))
    pairs = numpy_generator(seed, "classifier", "mixing", run)
    for chosen in _rows(labels, groups, spec, recipe, torch_generator(seed, "classifier", "batches", run)):
        rows = chosen.to(machine.device)
        origin = Origin(labels[chosen], groups[chosen])
        batch = Batch(transform(to_float(images[rows]), draws, spec.flips), targets[rows], origin=origin)
        if recipe.noise:
            batch = batch._replace(images=noisy(batch.images, pixels, recipe.noise))
        yield _mixed(batch, MIXINGS[recipe.mixing](batch.images, origin, recipe.mixing_alpha, stages, pairs))


def _mixed(batch: Batch, mixed: Mixed | None) -> Batch:
    if mixed is None:
        return batch
    targets = mixed.mixture.blend(batch.targets)
    if mixed.depth is None:
        return batch._replace(images=mixed.images, targets=targets)
    return batch._replace(images=mixed.images, targets=targets, mixture=mixed.mixture, depth=mixed.depth)


def _rows(
    labels: Tensor, groups: Tensor, spec: ClassifierSpec, recipe: RecipeSpec, order: torch.Generator
) -> Iterator[Tensor]:
    if recipe.sampling == "balanced":
        return balanced_rows(labels, spec.batch_size, order)
    if recipe.sampling == "balanced_cells":
        return balanced_rows(labels * (int(groups.max()) + 1) + groups, spec.batch_size, order)
    return shuffled_rows(len(labels), spec.batch_size, order)
