"""What the verdict asks of two arms, where that is not accuracy."""

from dataclasses import replace

import numpy as np
import pytest

from augment.comparison.asked import difference_table, find_asked, images_asked
from augment.comparison.comparison import compare
from augment.core.endpoints import Endpoint
from augment.core.errors import DataError
from augment.results.kinds import Effect
from tests.comparison.simulated import CELLS, UNEVEN, World, arm_in_cells, draw_in_cells, truth_in_cells

GROUPED: tuple[Endpoint, ...] = ("balanced_accuracy", "cells", "worst_group", "rare_cells")


TRUTH = truth_in_cells({(0, "a"): 4, (0, "b"): 2, (1, "a"): 4, (1, "b"): 6})
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
    asked = find_asked(endpoint, TRUTH, CELLS)
    table = difference_table(arm_in_cells("merged", MERGED, TRUTH), arm_in_cells("real", REAL, TRUTH), asked)
    assert table.mean() == pytest.approx(expected)


def test_another_test_speaks_of_the_images_that_are_asked_about() -> None:
    merged, real = arm_in_cells("merged", MERGED, TRUTH), arm_in_cells("real", REAL, TRUTH)
    assert len(images_asked(merged, real, None)) == 16
    assert images_asked(merged, real, find_asked("rare_cells", TRUTH, CELLS)).tolist() == [4, 5]
    assert len(images_asked(merged, real, find_asked("worst_group", TRUTH, CELLS))) == 16


def test_test_images_without_what_is_asked_for_are_refused() -> None:
    with pytest.raises(
        DataError, match="rare_cells asks for test images of cells that are rare in training, each with"
    ):
        find_asked("rare_cells", truth_in_cells({(0, "a"): 5, (1, "b"): 5}), CELLS)


def test_arms_are_chosen_by_what_is_asked() -> None:
    better = replace(arm_in_cells("real", REAL, TRUTH, val=0.6), recipe="other")
    found = compare([arm_in_cells("real", REAL, TRUTH), better], seed=0, endpoint="cells")
    assert found.best_real is better


@pytest.mark.parametrize("endpoint", GROUPED)
def test_groups_that_do_not_differ_seldom_give_a_verdict(endpoint: Endpoint) -> None:
    """Equal arms, uneven cells: at most 5 of 100 comparisons help or hurt, and two standard errors."""
    rng, rounds = np.random.default_rng(0), 300
    world = World(images=len(UNEVEN.labels), val_images=60)
    drawn = (compare(draw_in_cells(world, 2, rng), seed=0, endpoint=endpoint) for _ in range(rounds))
    wrong = sum(found.effect is not Effect.NO_EFFECT for found in drawn)
    assert wrong <= rounds * 0.05 + 2 * (rounds * 0.05 * 0.95) ** 0.5
