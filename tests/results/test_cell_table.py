"""What became of every cell, as people read it."""

from dataclasses import replace

import numpy as np

from augment.comparison.assembly import assemble
from augment.comparison.comparison import compare
from augment.core.cells import Cells
from augment.results import tables
from augment.results.cell_table import cells
from augment.results.kinds import Baseline
from augment.results.tables import Cell
from augment.summary.frames import arm_table
from tests.comparison.simulated import CELLS, arm, arm_in_cells, random_hits, truth_in_cells
from tests.results.examples import result_of

TRUTH = truth_in_cells({(0, "a"): 20, (0, "b"): 20, (1, "a"): 20, (1, "b"): 20})
EMPTY = Cells(("x", "y"), ("a", "b"), np.asarray([[90, 0], [90, 90]]))
FILLED = Cells(("x", "y"), ("a", "b"), np.asarray([[90, 90], [90, 90]]))


def test_the_worst_group_stands_first_and_an_empty_cell_says_so() -> None:
    real, merged = np.ones((3, 80)), np.ones((3, 80))
    real[:, 20:40] = 0  # no x from b is known before
    merged[:, 20:25] = 0
    arms = [
        replace(arm_in_cells(name, hits, TRUTH), train_cells=of)
        for name, hits, of in (("real", real, EMPTY), ("merged", merged, FILLED))
    ]
    found = cells(result_of(arms, {}))
    assert found is not None
    assert (found.titles, found.names) == (["class", "b", "a"], ["all", "x", "y"])
    assert [[cell.text for cell in row] for row in found.rows] == [
        ["50 → 88", "100 → 100"],
        ["0 → 75 (none → 90)", "100 → 100 (90 → 90)"],
        ["100 → 100 (90 → 90)", "100 → 100 (90 → 90)"],
    ]
    assert found.rows[1][0].strong
    assert not found.rows[2][0].strong


def test_a_rival_that_val_cannot_choose_is_named() -> None:
    """Val likes a real arm that fails the empty cell; the one that test likes has a column and is in the verdict."""
    rng = np.random.default_rng(0)
    bad, good, merged = ((rng.random((5, 80)) < share).astype(float) for share in (0.5, 0.8, 0.99))
    arms = [
        replace(arm_in_cells("real", bad, TRUTH, 0.8), train_cells=EMPTY),
        replace(arm_in_cells("real", good, TRUTH, 0.7, "other"), train_cells=EMPTY),
        replace(arm_in_cells("merged", merged, TRUTH, 0.9), train_cells=FILLED),
    ]
    result = assemble("toys", compare(arms, seed=0, endpoint="cells"), {})
    assert result.baselines == [Baseline.REFERENCE, Baseline.HARDEST_REAL]
    assert result.hardest_real == "real/other"
    assert tables.arms(result).titles[-1] == "difference to `real/other`, best on test"
    assert "`real/other`, the one that does best on these very test images, as val cannot choose" in result.verdict
    assert result.verdict.startswith("Use the synthetic images: train on `merged` with recipe `plain`.")
    assert {"to_hardest_real", "p_hardest_real"} <= set(arm_table(result))
    assert "to_hardest_real" not in arm_table(result_of([arm("real", "plain", random_hits(0.6, 0), 0.6)]))


def test_a_cell_without_test_images_has_no_figure() -> None:
    truth = truth_in_cells({(0, "a"): 20, (1, "a"): 20, (1, "b"): 20})
    arms = [replace(arm_in_cells(name, np.ones((3, 60)), truth), train_cells=CELLS) for name in ("real", "merged")]
    found = cells(result_of(arms, {}))
    assert found is not None
    assert found.rows[1][1] == Cell("–")


def test_there_is_no_such_table_without_groups_or_without_a_merged_arm() -> None:
    plain = arm("real", "plain", random_hits(0.6, 0), 0.6)
    assert cells(result_of([plain, arm("merged", "plain", random_hits(0.9, 2), 0.9)])) is None
    assert cells(result_of([arm_in_cells("real", np.ones((3, 80)), TRUTH)], {})) is None
