"""FixMatch: images without labels, seen twice (Sohn et al., 2020, arXiv 2001.07685)."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.parts import TRANSFORMS
from augment.classifier.targets import soft_cross_entropy
from augment.classifier.unlabelled_spec import FixMatch
from augment.core.images import UInt8Array
from augment.runtime.batches import shuffled_rows, to_float
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator


class Views(NamedTuple):
    """The same images, changed in two ways.

    Attributes:
        weak: As the recipe shows images, float32, M×C×H×W in [-1, 1].
        strong: Strongly changed, likewise.
    """

    weak: Tensor
    strong: Tensor


def pairs_of_views(
    pool: UInt8Array,
    spec: ClassifierSpec,
    recipe: RecipeSpec,
    method: FixMatch,
    seed: int,
    run: int,
    machine: Machine,
) -> Iterator[Views]:
    """Yield images without labels for ever, ``method.ratio`` times a batch of labelled ones at a time.

    Args:
        pool: uint8, M×C×H×W.
        spec: Batch size, and whether images may be mirrored.
        recipe: Its transforms make the weak view.
        method: How many, and what the strong view is.
        seed: The project's seed (``seed`` in ``params.yaml``).
        run: Number of this run.
        machine: Where they are needed.
    """
    images = torch.from_numpy(pool.copy()).to(machine.device)
    order, weakly, strongly = (
        torch_generator(seed, "classifier", "unlabelled", purpose, run) for purpose in ("batches", "weak", "strong")
    )
    for rows in shuffled_rows(len(images), method.ratio * spec.batch_size, order):
        plain = to_float(images[rows.to(machine.device)])
        yield Views(
            TRANSFORMS[recipe.transforms](plain, weakly, spec.flips),
            TRANSFORMS[method.strong](plain, strongly, spec.flips),
        )


def consistency(weak: Tensor, strong: Tensor, threshold: float) -> Tensor:
    """Mean over images of the cross-entropy of the strong view with the label of the weak one, 0 where that is unsure.

    Equation 4 of the paper. No gradient flows through the label.

    Args:
        weak: Logits of the weak views, float32, M×K.
        strong: Of the strong ones, in the same order.
        threshold: Probability from which on a label is believed.
    """
    surest, labels = weak.detach().log_softmax(1).max(1)
    believed = (surest >= math.log(threshold)).to(strong.dtype)
    return soft_cross_entropy(strong, F.one_hot(labels, strong.shape[1]) * believed[:, None])
