"""The studies' settings are sound, and their tables say what the arms' figures are."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from augment.settings import Settings, load_settings
from benchmarks.study import STUDIES, draft, parts
from benchmarks.study_results import Arm, Finished, best_of, is_finished, markdown

PROJECT = Path(__file__).parents[2]
PARTS = [
    pytest.param(settings, id=f"{study.name}-{name}")
    for study in sorted(STUDIES.iterdir())
    for name, settings in parts(study)
]


def load(folder: Path, settings: dict[str, Any]) -> Settings:
    file = folder / "params.yaml"
    file.write_text(yaml.safe_dump(settings))
    return load_settings(file)


@pytest.mark.parametrize("settings", PARTS)
def test_the_settings_of_each_dataset_are_valid_and_whole(settings: dict[str, Any], tmp_path: Path) -> None:
    assert load(tmp_path, settings).seeds >= 5
    # DVC stops at a section that dvc.yaml names and params.yaml lacks, even where the section has a default.
    assert set(yaml.safe_load((PROJECT / "params.yaml").read_text())) <= set(settings)


@pytest.mark.parametrize("settings", PARTS)
def test_a_draft_is_the_same_study_with_less_training(settings: dict[str, Any], tmp_path: Path) -> None:
    whole = load(tmp_path, settings)
    short = load(tmp_path, draft(settings))
    assert (short.arms, short.mixes, set(short.datasets)) == (whole.arms, whole.mixes, set(whole.datasets))
    assert short.seeds == 2
    assert all(dataset.classifier.max_steps < 100 for dataset in short.datasets.values())


def test_a_part_shares_nothing_with_another_part(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("datasets: {one: &one {split: {val: 1}}, two: *one}\nseeds: 5\n")
    (_, first), (_, second) = parts(tmp_path)
    first["datasets"]["one"]["split"]["val"] = 2
    assert second == {"datasets": {"two": {"split": {"val": 1}}}, "seeds": 5}


SETTINGS: dict[str, Any] = {
    "seeds": 5,
    "synthesizers": {"gan": ["gan"], "vae": [], "classical": ["smote"]},
    "datasets": {"tiny": {"synthesizers": {"gan": {"kind": "gan"}, "smote": {"kind": "smote"}}}},
    "mixes": {
        "merged": {"synthesizer": "gan", "share": 0.5},
        "filled": {"synthesizer": "gan", "fill": "largest"},
        "alone": {"synthesizer": "gan", "share": 1.0},
        "control": {"synthesizer": "smote", "share": 0.5},
        "smote_alone": {"synthesizer": "smote", "share": 1.0},
    },
    "auto_mixes": {"best": {"synthesizer": "gan"}},
}


def arm(name: str, kind: str, val: float, to_real: float | None, to_best: float | None, **more: Any) -> Arm:
    train_set, _ = name.split("/")
    row: Arm = {"dataset": "tiny", "kind": kind, "arm": name, "train_set": train_set, "role": None}
    row |= {"val_accuracy": val, "accuracy": 0.8, "accuracy_low": 0.78, "accuracy_high": 0.82, "macro_f1": 0.79}
    for rival, to in (("real", to_real), ("best_real", to_best)):
        ends = (None, None) if to is None else (to - 0.02, to + 0.02)
        row |= {f"to_{rival}": to, f"low_{rival}": ends[0], f"high_{rival}": ends[1]}
        row[f"outcome_{rival}"] = None if to is None else "no detectable effect"
    return row | more


ARMS = [
    arm("real/plain", "real", 0.80, None, -0.05, role="reference", accuracy=0.75, outcome_best_real="hurts"),
    arm("real/classical", "real", 0.85, 0.05, None, role="best without synthesis"),
    arm("merged/plain", "merged", 0.82, 0.03, -0.02),
    arm("merged/classical", "merged", 0.84, 0.061, 0.011, role="chosen", outcome_real="helps"),
    arm("alone/plain", "synthetic", 0.70, -0.1, -0.15, outcome_real="hurts", outcome_best_real="hurts"),
    arm("control/plain", "control", 0.83, 0.02, -0.03),
]
QUALITY: dict[str, Any] = {
    "failed_checks": 1,
    "label_fidelity": 0.9,
    "lowest_label_fidelity": 0.5,
    "frechet_distance": 3.0,
    "real_reference": {"frechet_distance": 1.0},
    "coverage": 0.75,
    "memorisation": {"pixels": {"near_copies": 0.02, "expected_near_copies": 0.01, "pull": 0.6}},
    "membership": {
        "pixels": {"auc": 0.55, "auc_low": 0.51, "auc_high": 0.59},
        "features": {"auc": 0.5, "auc_low": 0.46, "auc_high": 0.54},
    },
}


def test_the_best_of_a_kind_is_chosen_on_val() -> None:
    chosen = best_of(ARMS, "kind", "merged")
    assert chosen is not None
    assert chosen["arm"] == "merged/classical"
    assert best_of(ARMS, "kind", "auto") is None


def test_the_tables_show_the_arms_chosen_on_val() -> None:
    page = markdown("regimes", [Finished("tiny", SETTINGS, "abc", ARMS, {"gan": QUALITY})], "by hand")
    assert (
        "| tiny | 75.0 [78.0, 82.0] | 80.0 [78.0, 82.0] `real/classical` | `merged/classical` | **+6.1 [+4.1, +8.1]** "
        "| +1.1 [-0.9, +3.1] | helps / no detectable effect | **-15.0 [-17.0, -13.0]** `alone/plain` "
        "| -3.0 [-5.0, -1.0] `control/plain` |\n"
    ) in page
    assert "| tiny | `real/classical` | 80.0 [78.0, 82.0] | 79.0 | +5.0 [+3.0, +7.0] | – |\n" in page
    assert "| tiny | `real/plain` |" not in page
    assert (
        "| tiny | `gan` | 1 | 0.900 (0.500) | 3.00 (1.00) | 0.75 | 2.0 (1.0) | 0.60 "
        "| 0.550 [0.510, 0.590] | 0.500 [0.460, 0.540] |\n"
    ) in page


def test_a_study_without_merged_arms_has_a_table_too() -> None:
    arms = [each for each in ARMS if each["kind"] in ("real", "synthetic")]
    page = markdown("release", [Finished("tiny", SETTINGS, "abc", arms, {})], "by hand")
    assert "| tiny | 75.0 [78.0, 82.0] | 80.0 [78.0, 82.0] `real/classical` | – | – | – | – | **-15.0" in page


def test_a_fresh_clone_is_not_taken_for_a_finished_dataset(tmp_path: Path) -> None:
    assert not is_finished(tmp_path, "long_tail")
    (tmp_path / "reports" / "arms").mkdir(parents=True)
    (tmp_path / "reports" / "arms" / "digits.csv").touch()
    assert not is_finished(tmp_path, "long_tail")
    assert is_finished(tmp_path, "digits")
