import pytest

from augment.results.arm_figures import ARM_FIGURES
from augment.results.kinds import Baseline, Role
from augment.summary.frames import arm_table, metrics
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import result_of

RESULT = result_of(
    [
        arm("real", "plain", random_hits(0.6, 0), 0.6),
        arm("real", "classical", random_hits(0.9, 1), 0.9),
        arm("merged", "plain", random_hits(0.9, 2), 0.8),
        arm("merged", "classical", random_hits(0.9, 3), 0.9),
        arm("synthetic", "plain", random_hits(0.5, 4), 0.5),
    ]
)


def test_metrics_are_one_flat_row_of_few_figures() -> None:
    plain, merged = RESULT.arms[0], RESULT.arms[2]
    row = metrics(merged)
    assert {figure.name for figure in ARM_FIGURES} < set(row)
    assert row["accuracy"] == pytest.approx(merged.scores["accuracy"].mean, abs=1e-6)
    assert row["to_real"] == pytest.approx(row["accuracy"] - metrics(plain)["accuracy"], abs=1e-5)
    assert len(row) <= len(ARM_FIGURES) + 4
    best = metrics(RESULT.best_real)
    assert best["to_best_real"] == 0.0
    assert "p_to_best_real" not in best
    assert metrics(plain)["to_real"] == 0.0


def test_the_arm_table_holds_scores_comparisons_and_roles_of_every_arm() -> None:
    table = arm_table(RESULT).set_index("arm")
    players = {role: table.index[table[f"is_{role.value}"]].tolist() for role in Role}
    assert players[Role.BEST_REAL] == players[Role.USE] == ["real/classical"]
    assert (players[Role.CHOSEN], players[Role.RELEASE]) == (["merged/classical"], ["synthetic/plain"])
    assert {f"{figure.name}{end}" for figure in ARM_FIGURES for end in ("", "_std")} <= set(table.columns)
    compared = RESULT.arms[3].against[Baseline.BEST_REAL]
    assert table.loc["merged/classical", "p_holm_best_real"] == pytest.approx(compared.p_holm, abs=1e-6)
    assert table.loc["merged/classical", "effect_real"] == "helps"
    to_real, to_best = table["to_real"], table["to_best_real"]
    assert to_real.isna().tolist() == [True, False, False, False, False]
    assert to_best["real/plain"] == pytest.approx(-to_real["real/classical"])
    assert table["low_real"].lt(table["to_real"])[1:].all()
    assert table["bootstrap_low_real"].lt(table["bootstrap_real"])[1:].all()
    assert table["accuracy_low"].lt(table["accuracy"]).all()
    assert table["lowest_recall_class"].tolist() == ["a"] * 5
