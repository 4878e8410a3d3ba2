"""What the verdict asks of two arms, where that is not accuracy."""

from dataclasses import replace

import numpy as np
import pytest

from augment.comparison.arms import Arm
from augment.comparison.asked import difference_table, find_asked, images_asked
from augment.comparison.comparison import compare
from augment.core.cells import Cells
from augment.core.endpoints import Endpoint
from augment.core.errors import DataError
from augment.core.images import FloatArray
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.results.kinds import ArmKind, Effect
from tests.comparison.simulated import World, draw_hits

TRAIN = Cells(("x", "y"), ("a", "b"), np.asarray([[90, 5], [90, 90]]))
GROUPED: tuple[Endpoint, ...] = ("balanced_accuracy", "cells", "worst_group", "rare_cells")


def truth_of(per_cell: dict[tuple[int, str], int]) -> GroundTruth:
    labels = [label for (label, _), count in per_cell.items() for _ in range(count)]
    groups = [group for (_, group), count in per_cell.items() for _ in range(count)]
    return GroundTruth(classes=("x", "y"), labels=tuple(labels), groups=tuple(groups))


def arm(name: str, hits: FloatArray, truth: GroundTruth, val: float = 0.5) -> Arm:
    labels = np.asarray(truth.labels)
    probabilities = np.zeros((*hits.shape, 2), dtype=np.float32)
    said = np.where(hits > 0, labels, 1 - labels)
    np.put_along_axis(probabilities, said[:, :, None], 1.0, axis=2)
    return Arm(
        train_set=name,
        recipe="plain",
        kind=ArmKind(name),
        val_accuracy=np.full(len(hits), 0.9),
        predictions=Predictions(truth, probabilities),
        train_counts=np.asarray([95, 180]),
        val_endpoint=np.full(len(hits), val),
        train_cells=TRAIN,
    )


TRUTH = truth_of({(0, "a"): 4, (0, "b"): 2, (1, "a"): 4, (1, "b"): 6})
REAL = np.asarray([[1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]] * 2, dtype=np.float64)
MERGED = np.asarray([[1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], [1, 1, 0, 0] + [1] * 12], dtype=np.float64)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("accuracy", (28 - 28) / 32),
        ("balanced_accuracy", ((9 - 8) / 12 + (19 - 20) / 20) / 2),
        ("cells", (-3 / 8 + 1.0 + 0 - 1 / 12) / 4),
        ("rare_cells", 1.0),
        ("worst_group", 13 / 16 - 6 / 8),  # the worst group of the merged arm is a, that of the real one b
    ],
)
def test_the_mean_of_the_table_is_the_difference_of_the_endpoint(endpoint: Endpoint, expected: float) -> None:
    asked = find_asked(endpoint, TRUTH, TRAIN)
    table = difference_table(arm("merged", MERGED, TRUTH), arm("real", REAL, TRUTH), asked)
    assert table.mean() == pytest.approx(expected)


def test_another_test_speaks_of_the_images_that_are_asked_about() -> None:
    merged, real = arm("merged", MERGED, TRUTH), arm("real", REAL, TRUTH)
    assert len(images_asked(merged, real, None)) == 16
    assert images_asked(merged, real, find_asked("rare_cells", TRUTH, TRAIN)).tolist() == [4, 5]
    assert len(images_asked(merged, real, find_asked("worst_group", TRUTH, TRAIN))) == 16


def test_test_images_without_what_is_asked_for_are_refused() -> None:
    with pytest.raises(
        DataError, match="rare_cells asks for test images of cells that are rare in training, each with"
    ):
        find_asked("rare_cells", truth_of({(0, "a"): 5, (1, "b"): 5}), TRAIN)


def test_arms_are_chosen_by_what_is_asked() -> None:
    better = replace(arm("real", REAL, TRUTH, val=0.6), recipe="other")
    found = compare([arm("real", REAL, TRUTH), better], seed=0, endpoint="cells")
    assert found.best_real is better


@pytest.mark.parametrize("endpoint", GROUPED)
def test_groups_that_do_not_differ_seldom_give_a_verdict(endpoint: Endpoint) -> None:
    """Equal arms, uneven cells: at most 5 of 100 comparisons help or hurt, and two standard errors."""
    rng = np.random.default_rng(0)
    truth = truth_of({(0, "a"): 60, (0, "b"): 12, (1, "a"): 40, (1, "b"): 48})
    world, rounds, wrong = World(images=160, val_images=60), 300, 0
    for _ in range(rounds):
        drawn = draw_hits(world, [0.0, 0.0, 0.0], rng).astype(np.float64)
        val = drawn[:, :, :60].mean(axis=(1, 2))
        hits = drawn[:, :, 60:]
        arms = [arm("real", hits[0], truth, val[0])]
        arms += [replace(arm("merged", hits[k], truth, val[k]), recipe=f"r{k}") for k in (1, 2)]
        wrong += compare(arms, seed=0, endpoint=endpoint).effect is not Effect.NO_EFFECT
    assert wrong <= rounds * 0.05 + 2 * (rounds * 0.05 * 0.95) ** 0.5
