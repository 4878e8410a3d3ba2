import numpy as np
import pytest

from augment.evaluation.comparison import compare
from augment.evaluation.scores import SCORES
from augment.evaluation.tables import arm_table, metrics, recall_rows
from tests.evaluation.simulated import arm, random_hits

PLAIN = arm("real", "plain", np.eye(4), 0.5)
MERGED = arm("merged", "plain", np.ones((4, 4)), 0.9)
SEVERAL = [
    arm("real", "plain", random_hits(0.6, 0), 0.6),
    arm("real", "classical", random_hits(0.9, 1), 0.9),
    arm("merged", "plain", random_hits(0.9, 2), 0.8),
    arm("merged", "classical", random_hits(0.9, 3), 0.9),
    arm("synthetic", "plain", random_hits(0.5, 4), 0.5),
]


def test_metrics_are_one_flat_row_of_few_figures() -> None:
    comparison = compare([PLAIN, MERGED], seed=0)
    row = metrics(comparison, MERGED)
    assert (row["accuracy"], row["accuracy_std"], row["balanced_accuracy"]) == (1.0, 0.0, 1.0)
    assert row["to_real"] == row["to_best_real"] == pytest.approx(0.75)
    assert len(row) <= 10
    own = metrics(comparison, PLAIN)
    assert (own["to_real"], own["to_best_real"]) == (0.0, 0.0)
    assert "p_to_best_real" not in own


def test_the_arm_table_holds_scores_contests_and_roles_of_every_arm() -> None:
    comparison = compare(SEVERAL, seed=0)
    table = arm_table(comparison).set_index("arm")
    roles = ["reference", "best without synthesis", "", "chosen", "release"]
    assert table["role"].tolist() == roles
    assert {*SCORES, *(f"{name}_std" for name in SCORES)} <= set(table.columns)
    contest = comparison.against_best_real["merged/classical"]
    assert table.loc["merged/classical", "p_holm_best_real"] == pytest.approx(contest.p_holm, abs=1e-6)
    assert table.loc["merged/classical", "outcome_real"] == "helps"
    to_real, to_best = table["to_real"], table["to_best_real"]
    assert to_real.isna().tolist() == [True, False, False, False, False]
    assert to_best["real/plain"] == pytest.approx(-to_real["real/classical"])
    assert table["accuracy_low"].lt(table["accuracy"]).all()


def test_an_accuracy_is_told_to_lie_between_0_and_1() -> None:
    few, many = np.eye(4)[:2], 1 - np.eye(4)[:2]  # a quarter and three quarters, on four images
    table = arm_table(compare([arm("real", "plain", few, 0.5), arm("merged", "plain", many, 0.5)], seed=0))
    assert table["accuracy_low"].iloc[0] == 0.0
    assert table["accuracy_high"].iloc[1] == 1.0


def test_recall_is_told_against_each_rival() -> None:
    table = recall_rows(compare(SEVERAL, seed=0))
    assert table.groupby(["arm", "rival"]).ngroups == len(SEVERAL) * 2
    assert set(table["name"]) == {"a", "b"}
