import numpy as np
import pytest

from augment.assessment.judge_strength import judge_strength
from augment.quality.generator_quality import Judged


def judged(labels: list[int], said: list[int], classes: int) -> Judged:
    features, probabilities = np.zeros((len(labels), 1), dtype=np.float32), np.eye(classes, dtype=np.float32)[said]
    return Judged(features, np.asarray(labels), probabilities)


def test_every_class_counts_alike_and_few_images_prove_little() -> None:
    # Recalls 1 of 4 images and 1/2 of 2; variances (5/6 · 1/6 / 6) and (2/4 · 2/4 / 4).
    found = judge_strength(judged([0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1], 2))
    half = 1.959964 * (5 / 216 + 1 / 16) ** 0.5 / 2
    expected = {"accuracy": 0.75, "accuracy_low": 0.75 - half, "accuracy_high": 1.0, "chance": 0.5}
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_class_without_images_does_not_count() -> None:
    found = judge_strength(judged([0, 0, 1, 1], [0, 0, 2, 2], 3))
    assert [found["accuracy"], found["chance"]] == pytest.approx([0.5, 1 / 3])
