"""What the verdict asks of two arms, where that is not accuracy."""

from dataclasses import replace

import numpy as np
import pytest

from augment.comparison.asked import asks_of_unseen_cells, difference_table, find_asked, images_asked
from augment.comparison.comparison import compare
from augment.core.cells import Cells
from augment.core.endpoints import Endpoint
from augment.core.errors import DataError
from augment.results.kinds import Baseline, Effect
from tests.comparison.simulated import (
    CELLS,
    EMPTY,
    STUDY_RECIPES,
    STUDY_WORLD,
    UNEVEN,
    World,
    arm_in_cells,
    draw_hits,
    draw_in_cells,
    draw_study,
    truth_in_cells,
)

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
    assert table.values.mean() == pytest.approx(expected)


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


def test_every_comparison_is_of_what_is_asked() -> None:
    arms = [arm_in_cells("real", REAL, TRUTH), arm_in_cells("merged", MERGED, TRUTH)]
    found = compare(arms, seed=0, endpoint="rare_cells")
    means = {baseline: each["merged/plain"].estimate.mean for baseline, each in found.against.items()}
    assert means == dict.fromkeys((Baseline.REFERENCE, Baseline.BEST_REAL, Baseline.SAME_RECIPE), 1.0)


@pytest.mark.parametrize(
    ("endpoint", "train", "unseen"),
    [
        ("cells", EMPTY, True),
        ("rare_cells", EMPTY, True),
        ("cells", CELLS, False),
        ("cells", Cells(("x", "y"), ("a",), np.asarray([[90], [90]])), True),  # a whole group is new
        ("balanced_accuracy", EMPTY, False),
        ("cells", None, False),
    ],
)
def test_cells_that_training_has_none_of_are_known(endpoint: Endpoint, train: Cells | None, unseen: bool) -> None:
    assert asks_of_unseen_cells(endpoint, TRUTH, train) is unseen


def test_where_val_is_blind_no_real_arm_is_passed_over() -> None:
    """Val likes a real arm that fails the empty cell; another one would have been as good as the merged arm."""
    truth = truth_in_cells({(0, "a"): 50, (0, "b"): 50, (1, "a"): 50, (1, "b"): 50})
    rng = np.random.default_rng(0)
    bad, good, merged = ((rng.random((5, 200)) < share).astype(float) for share in (0.6, 0.9, 0.9))
    arms = [
        arm_in_cells("real", bad, truth, 0.8),
        arm_in_cells("real", good, truth, 0.7, "other"),
        arm_in_cells("merged", merged, truth, 0.8),
    ]
    assert compare(arms, seed=0, endpoint="cells").effect is Effect.HELPS
    found = compare([replace(each, train_cells=EMPTY) for each in arms], seed=0, endpoint="cells")
    hardest = found.against[Baseline.HARDEST_REAL]
    assert (found.best_real, hardest["merged/plain"].baseline) == (found.arms[0], found.arms[1])
    assert (found.effect, found.use) == (Effect.NO_EFFECT, found.best_real)


def test_a_recipe_that_val_cannot_see_is_seldom_taken_for_filling() -> None:
    """Fills are worth nothing, one recipe 6 points; val is blind to both: at most 5 of 100 verdicts say helps."""
    rng, rounds, helps = np.random.default_rng(1), 200, 0
    world = World(images=len(UNEVEN.labels), val_images=60)
    for _ in range(rounds):
        hits = draw_hits(world, [0.0, 0.06, 0.0, 0.06], rng)[:, :, world.val_images :]
        val = rng.normal(0.95, 0.01, 4)
        names = [("real", "plain"), ("real", "other"), ("merged", "plain"), ("merged", "other")]
        arms = [
            replace(arm_in_cells(kind, of_arm, UNEVEN, seen, recipe), train_cells=EMPTY)
            for (kind, recipe), of_arm, seen in zip(names, hits, val, strict=True)
        ]
        helps += compare(arms, seed=0, endpoint="rare_cells").effect is Effect.HELPS
    assert helps <= rounds * 0.05


@pytest.mark.parametrize("endpoint", GROUPED)
def test_groups_that_do_not_differ_seldom_give_a_verdict(endpoint: Endpoint) -> None:
    """Equal arms, uneven cells: at most 5 of 100 comparisons help or hurt, and two standard errors."""
    rng, rounds = np.random.default_rng(0), 300
    world = World(images=len(UNEVEN.labels), val_images=60)
    drawn = (compare(draw_in_cells(world, 2, rng), seed=0, endpoint=endpoint) for _ in range(rounds))
    wrong = sum(found.effect is not Effect.NO_EFFECT for found in drawn)
    assert wrong <= rounds * 0.05 + 2 * (rounds * 0.05 * 0.95) ** 0.5


@pytest.mark.parametrize("train", [EMPTY, CELLS], ids=["empty", "rare"])
@pytest.mark.parametrize("endpoint", ["cells", "worst_group", "rare_cells"])
def test_fills_worth_nothing_seldom_help_in_a_whole_study(endpoint: Endpoint, train: Cells) -> None:
    """Seven recipes of which some are truly better in the rare cells, runs that are lucky in one cell alone."""
    rng, rounds = np.random.default_rng(0), 30
    drawn = (draw_study(STUDY_WORLD, STUDY_RECIPES, train, rng) for _ in range(rounds))
    helps = sum(compare(arms, seed=0, endpoint=endpoint).effect is Effect.HELPS for arms in drawn)
    assert helps <= rounds * 0.05


def test_fills_of_great_worth_are_seen_in_a_whole_study() -> None:
    rng, rounds = np.random.default_rng(0), 10
    drawn = (draw_study(STUDY_WORLD, STUDY_RECIPES, CELLS, rng, gain=0.4) for _ in range(rounds))
    assert sum(compare(arms, seed=0, endpoint="rare_cells").effect is Effect.HELPS for arms in drawn) >= rounds * 0.8
