"""The studies' settings are sound, and their tables say what the arms' figures are."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from augment.core.records import write_record
from augment.results.arm_figures import ARM_FIGURES
from augment.results.kinds import ArmKind, Baseline
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from augment.results.wording import points
from augment.settings import Settings, load_settings
from benchmarks.study import STUDIES, draft, parts
from benchmarks.study_results import Finished, best_of, is_finished, markdown, write_results
from pipelines.settings import FlowSettings
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import result_of

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
    assert load(tmp_path, settings).seeds >= 3  # from there on intervals hold what they say: docs/statistics.md
    # DVC stops at a section that dvc.yaml names and params.yaml lacks, even where the section has a default.
    assert set(yaml.safe_load((PROJECT / "params.yaml").read_text())) <= set(settings)
    FlowSettings.model_validate(settings["flow"])


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


ARMS = [
    arm("real", "plain", random_hits(0.75, 0), 0.80),
    arm("real", "classical", random_hits(0.85, 1), 0.85),
    arm("merged", "plain", random_hits(0.80, 2), 0.82),
    arm("merged", "classical", random_hits(0.85, 3), 0.84),
    arm("synthetic", "plain", random_hits(0.60, 4), 0.70),
    arm("control", "plain", random_hits(0.75, 5), 0.83),
]
RESULT = result_of(ARMS, dataset="tiny")


def row_of(page: str, start: str) -> list[str]:
    (row,) = [line for line in page.splitlines() if line.startswith(start)]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_best_of_a_kind_is_chosen_on_val() -> None:
    chosen = best_of(each for each in RESULT.arms if each.kind is ArmKind.MERGED)
    assert chosen is not None
    assert chosen.name == "merged/classical"
    assert best_of(()) is None


def test_the_tables_show_the_arms_chosen_on_val() -> None:
    page = markdown("regimes", [Finished({}, "abc", RESULT)], "by hand")
    summary, *_ = [line for line in page.splitlines() if line.startswith("| tiny | ")]
    cells = [cell.strip() for cell in summary.strip("|").split("|")]
    plain, best = RESULT.reference.scores["accuracy"], RESULT.best_real.scores["accuracy"]
    assert cells[1].startswith(f"{plain.mean * 100:.1f} [")
    assert cells[2].startswith(f"{best.mean * 100:.1f} [")
    assert cells[2].endswith("] `real/classical`")
    assert cells[3] == "`merged/classical`"
    merged = RESULT.arms[3]
    assert cells[4] == f"**{points(merged.against[Baseline.REFERENCE].difference)}**"
    assert cells[5] == points(merged.against[Baseline.BEST_REAL].difference)
    assert cells[6] == "helps / no detectable effect"
    assert cells[7].endswith("** `synthetic/plain`")
    assert cells[8].endswith(" `control/plain`")
    assert "| tiny | `real/plain` |" not in page


def test_every_figure_of_the_lists_has_a_column() -> None:
    page = markdown("regimes", [Finished({}, "abc", RESULT)], "by hand")
    best, made = RESULT.best_real, RESULT.synthesizers[0]
    scores = [figure.text(best.scores[figure.name]) for figure in ARM_FIGURES]
    assert row_of(page, "| tiny | `real/classical` |")[2 : 2 + len(scores)] == scores
    figures = [figure.text(made.figures[figure.name]) for figure in SYNTHESIZER_FIGURES]
    assert row_of(page, "| tiny | `gan` |")[2:] == figures
    assert row_of(page, "| dataset | synthesizer |")[2:] == [figure.heading for figure in SYNTHESIZER_FIGURES]


def test_a_study_without_merged_arms_has_a_table_too() -> None:
    result = result_of([each for each in ARMS if each.train_set in ("real", "synthetic")], {}, dataset="tiny")
    page = markdown("release", [Finished({}, "abc", result)], "by hand")
    assert row_of(page, "| tiny | 7")[3:7] == ["–"] * 4


def test_the_csv_has_a_row_an_arm(tmp_path: Path) -> None:
    write_results(tmp_path, "regimes", [Finished({"seeds": 5}, "abc", RESULT)])
    table = pd.read_csv(tmp_path / "results.csv")
    assert table.columns[0] == "dataset"
    assert table["arm"].tolist() == [arm.name for arm in RESULT.arms]


def test_a_dataset_is_finished_once_its_result_is_there(tmp_path: Path) -> None:
    write_record(tmp_path / "results" / "digits" / "comparison" / "result.json", RESULT)
    assert is_finished(tmp_path, "digits")
    assert not is_finished(tmp_path, "long_tail")
