"""Figures of near copies speak of val's mix of classes, whatever mix was drawn."""

import numpy as np
import pytest

from augment.assessment.assessment import Side, assess_generator
from augment.assessment.gate import GateSpec
from augment.core.images import make_image_set
from augment.quality.generator_quality import Judged
from tests.quality.views import CLASSES, halves


def side(judged: Judged) -> Side:
    """Give the images whose pixels the features are."""
    pixels = (judged.features * 15).clip(0, 255).round().astype(np.uint8).reshape(-1, 1, 8, 8)
    return Side(make_image_set(pixels, judged.labels, CLASSES), judged)


def test_copies_in_a_class_that_val_has_little_of_count_little() -> None:
    first, second = halves(40, 0)
    place = np.arange(400) % 40
    train, synthetic = first.select(np.flatnonzero(place < 20)), first.select(np.flatnonzero(place >= 20))
    val = second.select(np.flatnonzero((second.labels < 9) | (place < 4)))  # 40 of each class, 4 of the last
    copied = synthetic.labels == 9
    synthetic.features[copied] = train.features[train.labels == 9]

    found = assess_generator(side(train), side(val), side(synthetic), GateSpec(), np.random.default_rng(0))
    every = found.scores["near_copy"].to_numpy()
    others = int(every[~copied].sum())
    assert every[copied].all()
    assert others < 5
    # All 20 images of each of nine classes, and 4 of the last.
    for space in ("pixels", "features"):
        assert found.figures["memorisation"][space]["near_copies"] == pytest.approx((4 + others) / 184, abs=1e-6)
