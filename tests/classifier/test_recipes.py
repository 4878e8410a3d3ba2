"""The batches that a recipe makes."""

from typing import Any

import numpy as np
import pytest
import torch

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.parts import MIXINGS
from augment.classifier.recipes import Batch, batches
from augment.core.images import ImageSet
from augment.core.seeding import numpy_generator
from augment.runtime.machine import Machine

STAGES, RUN = 3, 1


def first(stripes: ImageSet, cpu: Machine, **changes: Any) -> Batch:
    recipe = RecipeSpec.model_validate({"transforms": "none", "sampling": "natural"} | changes)
    return next(batches(stripes, ClassifierSpec(batch_size=20), recipe, STAGES, 0, RUN, cpu))


def test_a_plain_batch_is_images_and_their_labels(stripes: ImageSet, cpu: Machine) -> None:
    batch = first(stripes, cpu)
    assert (batch.mixture, batch.depth) == (None, 0)
    assert batch.images.shape == (20, 1, 8, 8)
    every = torch.from_numpy(np.array(stripes.images)).float() / 127.5 - 1
    for image, target in zip(batch.images, batch.targets, strict=True):
        (row,) = torch.nonzero((every == image).all(dim=(1, 2, 3))).flatten().tolist()
        assert target.tolist() == [float(label == stripes.labels[row]) for label in range(3)]


@pytest.mark.parametrize("mixing", [name for name in MIXINGS if name != "none"])
def test_a_mixed_batch_mixes_targets_as_it_mixes_images(stripes: ImageSet, cpu: Machine, mixing: str) -> None:
    plain, batch = first(stripes, cpu), first(stripes, cpu, mixing=mixing, mixing_alpha=0.7)
    assert plain.origin is not None
    expected = MIXINGS[mixing](plain.images, plain.origin, 0.7, STAGES, numpy_generator(0, "classifier", "mixing", RUN))
    assert expected is not None
    assert torch.equal(batch.images, expected.images)
    assert torch.equal(batch.targets, expected.mixture.blend(plain.targets))
    assert torch.equal(batch.targets, plain.targets) is (mixing == "mixstyle")
    assert (batch.mixture is None) == (expected.depth is None)
    if batch.mixture is not None:
        assert torch.equal(batch.mixture.partner, expected.mixture.partner)
        assert batch.depth == expected.depth
