"""What a training runs on: images, or, below a head that alone is trained, features that are computed once."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.networks import Backbone
from augment.classifier.parts import Origin
from augment.classifier.prediction import predict_probabilities
from augment.classifier.recipes import Batch, batches
from augment.core.images import Float32Array, ImageSet
from augment.runtime.batches import shuffled_rows, to_float
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.seeding import torch_generator
from augment.runtime.stopwatch import watching


class Lessons(NamedTuple):
    """What a training needs.

    Attributes:
        network: What is trained.
        batches: What it is trained on, for ever.
        of_val: Gives class probabilities of val's images, float32 N×K, by such a network in evaluation mode.
        whole: Makes a trained one a classifier of images.
    """

    network: Backbone
    batches: Iterator[Batch]
    of_val: Callable[[Backbone], Float32Array]
    whole: Callable[[Backbone], Backbone]


def lessons(
    network: Backbone,
    train: ImageSet,
    val: ImageSet,
    spec: ClassifierSpec,
    recipe: RecipeSpec,
    seed: int,
    run: int,
    machine: Machine,
) -> Lessons:
    """Prepare a training.

    Args:
        network: As it begins, on its device. If all classifiers of an arm have its stages in common, only its head is
            trained, on features that are computed here.
        train: Images to learn from.
        val: Images to stop by.
        spec: Batch size, and whether images may be mirrored.
        recipe: What is done to the training images.
        seed: The project's seed (``seed`` in ``params.yaml``).
        run: Number of this run.
        machine: Where to compute.
    """
    made = batches(train, spec, recipe, len(network.stages), seed, run, machine)
    if network.common is None:
        return Lessons(
            network, made, lambda trained: predict_probabilities(trained, val.images, machine), lambda trained: trained
        )
    network.eval()
    seen = _features_of(network, val, machine)
    if recipe.changes_images:
        views = spec.pretrained.views if spec.pretrained else 1
        order = torch_generator(seed, "classifier", "views", run)
        made = _drawn_ahead(network, made, views, len(train), spec.batch_size, order)
    else:
        _features_of(network, train, machine)
        made = (_on_features(network, batch) for batch in made)

    @torch.no_grad()
    def of_val(trained: Backbone) -> Float32Array:
        return trained(seen).softmax(1).cpu().numpy()

    def whole(trained: Backbone) -> Backbone:
        network.head = trained.head
        return network.eval()

    return Lessons(Head(network.head), made, of_val, whole)


class Head(Backbone):
    """A head alone, as a network whose images are features, N×F×1×1.

    Args:
        head: The layer, which becomes this network's.
    """

    def __init__(self, head: nn.Linear) -> None:
        super().__init__([nn.Identity()], head.in_features, head.out_features)
        self.head = head


def _features_of(network: Backbone, images: ImageSet, machine: Machine) -> Tensor:
    """Compute the features of images as they are, N×F×1×1."""
    pixels = images.images
    chunks = [
        network.recall(to_float(torch.from_numpy(np.array(pixels[start : start + network.at_once])).to(machine.device)))
        for start in _shown(range(0, len(pixels), network.at_once))
    ]
    return torch.cat(chunks)[:, :, None, None]


def _on_features(network: Backbone, batch: Batch) -> Batch:
    """Put features in the place of images, N×F×1×1; what is mixed within the stages is mixed."""
    if batch.mixture is None:
        features = network.recall(batch.images)
    else:
        with torch.no_grad():
            features = network.features(batch.images, batch.mixture.blend, batch.depth)
    return batch._replace(images=features[:, :, None, None], mixture=None, depth=0)


def _drawn_ahead(
    network: Backbone, made: Iterator[Batch], views: int, images: int, batch_size: int, order: torch.Generator
) -> Iterator[Batch]:
    """Draw as many images as a training set has, so many times over; compute their features; then draw among those.

    Whatever a recipe does - sampling, transforms, mixtures of two images - is done to what is drawn ahead.
    """
    number = math.ceil(views * images / min(batch_size, images))
    ahead = [_on_features(network, next(made)) for _ in _shown(range(number))]
    features, targets = (torch.cat(parts) for parts in zip(*((b.images, b.targets) for b in ahead), strict=True))
    origins = [batch.origin for batch in ahead if batch.origin is not None]
    labels, groups = (torch.cat(parts) for parts in zip(*origins, strict=True))
    for rows in shuffled_rows(len(features), batch_size, order):
        yield Batch(features[rows], targets[rows], origin=Origin(labels[rows], groups[rows]))


def _shown(numbers: range) -> Iterator[int]:
    """Show progress, but where the steps of a training are timed: these are none."""
    if watching() is not None:
        yield from numbers
    else:
        progress = Progress("features of a frozen network", len(numbers))
        yield from (numbers[step] for step in progress.steps())
