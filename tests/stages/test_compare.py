"""The stages compare, summary and product as the command line calls them, on predictions made up."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from augment.comparison.arms import Arm
from augment.comparison.subgroups import RECALL_COLUMNS
from augment.core.container import read_image_set, write_image_set
from augment.core.endpoints import VerdictSpec
from augment.core.errors import ContainerError
from augment.core.images import concatenate, make_image_set
from augment.core.paths import PathPattern
from augment.core.records import read_record, write_record
from augment.core.store import read_json, write_json, write_parquet
from augment.datasets.split_spec import SplitSpec
from augment.evaluation.predictions import GroundTruth
from augment.evaluation.trainings import Trainings, Untrained
from augment.merging.mix_spec import AutoMixSpec, MixSpec
from augment.results.kinds import ArmKind, Baseline, Missing
from augment.results.record import Result
from augment.stages.compare import compare
from augment.stages.product import product
from augment.stages.summary import summary
from tests.comparison.simulated import arm, random_hits
from tests.conftest import striped_images
from tests.results.examples import QUALITY, result_of


def test_product_is_the_training_set_that_the_verdict_names(tmp_path: Path) -> None:
    for number, name in enumerate(("real", "merged")):
        write_image_set(tmp_path / name, make_image_set(*striped_images(20, 2, (1, 8, 8), number), ["low", "high"]), {})
    arms = [arm(name, "plain", random_hits(accuracy, 0), 0.5) for name, accuracy in (("real", 0.5), ("merged", 0.9))]
    result = result_of(arms)
    write_record(tmp_path / "result.json", result)
    paths = {"result": tmp_path / "result.json", "product": tmp_path / "product"}
    product.run(dataset="toys", train=PathPattern(f"{tmp_path}/{{train_set}}"), **paths)
    found, expected = read_image_set(tmp_path / "product"), read_image_set(tmp_path / "merged")
    assert (found.images == expected.images).all()
    made_by = json.loads((tmp_path / "product" / "meta.json").read_text())["made_by"]
    use = {"arm": "merged/plain", "train_set": "merged", "recipe": "plain"}
    assert made_by == {"stage": "product", "dataset": "toys", **use, "verdict": result.verdict}


def test_product_holds_the_images_of_one_generator(tmp_path: Path) -> None:
    pixels, labels = striped_images(20, 2, (1, 8, 8), 0)
    one, other = (make_image_set(pixels, labels, ["low", "high"], generator_seed=seed) for seed in (3, 4))
    write_image_set(tmp_path / "merged", concatenate(one, other), {})
    arms = [arm(name, "plain", random_hits(accuracy, 0), 0.5) for name, accuracy in (("real", 0.5), ("merged", 0.9))]
    write_record(tmp_path / "result.json", result_of(arms))
    paths = {"result": tmp_path / "result.json", "product": tmp_path / "product"}
    product.run(dataset="toys", train=PathPattern(f"{tmp_path}/{{train_set}}"), **paths)
    assert read_image_set(tmp_path / "product").manifest["generator_seed"].tolist() == [3] * 20


def trainings_of(one: Arm, synthetic_images: int = 9, converged: int = 5) -> Trainings:
    return Trainings(
        accuracy=0.5,
        val_accuracy=tuple(one.val_accuracy.tolist()),
        steps=(40,) * len(one.val_accuracy),
        converged=converged,
        train_counts=tuple(one.train_counts.tolist()),
        synthetic_images=synthetic_images,
    )


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of two datasets, with an arm and a dataset that are no longer asked for."""
    accuracies = {"real": 0.7, "merged": 0.9, "synthetic": 0.5, "old": 0.1}
    for dataset, (number, (train_set, accuracy)) in itertools.product(("cats", "dogs"), enumerate(accuracies.items())):
        one = arm(train_set, "plain", random_hits(accuracy, number), accuracy)
        folder = tmp_path / dataset / train_set
        write_parquet(folder / "predictions.parquet", one.predictions.to_frame())
        write_record(folder / "metrics.json", trainings_of(one))
        write_record(tmp_path / dataset / "truth.json", one.predictions.truth)
    for dataset in ("cats", "dogs"):
        write_json(tmp_path / dataset / "gan.json", QUALITY)
    return tmp_path


def run_compare(results: Path, dataset: str = "cats", **changes: Any) -> Result:
    """Run the stage; read what it wrote."""
    folder = results / dataset
    arguments: dict[str, Any] = {
        "seed": 0,
        "verdict": VerdictSpec(),
        "split": SplitSpec(val=0.2, test=0.2),
        "synthesizers": {"gan": ["gan"]},
        "mixes": {"merged": MixSpec(synthesizer="gan", share=0.5), "synthetic": MixSpec(synthesizer="gan", share=1.0)},
        "auto_mixes": {},
        "tuned": {},
        "train_sets": ["real", "merged", "synthetic"],
        "recipes": {"plain": {}},
    }
    compare.run(
        dataset=dataset,
        **arguments | changes,
        truth=folder / "truth.json",
        predictions=PathPattern(f"{folder}/{{train_set}}/predictions.parquet"),
        metrics=PathPattern(f"{folder}/{{train_set}}/metrics.json"),
        quality=PathPattern(f"{folder}/{{synthesizer}}.json"),
        result=folder / "out" / "result.json",
        recall=folder / "out" / "recall.csv",
    )
    return read_record(Result, folder / "out" / "result.json")


def test_compare_writes_the_record_and_the_recalls_of_every_arm(results: Path) -> None:
    found = run_compare(results)
    assert [one.name for one in found.arms] == ["real/plain", "merged/plain", "synthetic/plain"]
    assert (found.use.name, found.dataset) == ("merged/plain", "cats")
    assert found.synthesizers[0].figures["attacker_right_features"].value == 0.57
    recall = pd.read_csv(results / "cats" / "out" / "recall.csv")
    assert np.allclose(recall.query("kind == 'class' and name == 'a'")["recall"], [0.7, 0.9, 0.5], atol=0.05)
    before = {path: path.read_bytes() for path in (results / "cats" / "out").iterdir()}
    run_compare(results)
    assert {path: path.read_bytes() for path in before} == before


def test_the_verdict_is_asked_what_the_settings_say(results: Path) -> None:
    """In hospital a every arm is always right, in b only the merged one is: 40 of 400 test images are of b."""
    groups = ("b",) * 40 + ("a",) * 360
    hits = {name: np.ones((5, 400)) for name in ("real", "merged", "synthetic")}
    hits["real"][:, :40] = 0
    hits["synthetic"][0, :40] = 0
    for name, right in hits.items():
        one = arm(name, "plain", right, 0.9)
        truth = one.predictions.truth.model_copy(update={"groups": groups})
        cells = {"a": (90, 90), "b": (0 if name == "real" else 90, 9)}
        trainings = trainings_of(one).model_copy(update={"train_cells": cells, "val_endpoint": (0.5,) * 5})
        write_parquet(results / "cats" / name / "predictions.parquet", one.predictions.to_frame())
        write_record(results / "cats" / name / "metrics.json", trainings)
        write_record(results / "cats" / "truth.json", truth)
    found = run_compare(results, verdict=VerdictSpec(endpoint="cells"))
    assert found.chosen is not None
    assert found.chosen.against[Baseline.REFERENCE].difference.mean == pytest.approx(0.5)
    assert "has a higher mean accuracy over cells of class and group than" in found.verdict
    assert {name: score.mean for name, score in found.reference.endpoints.items()} == pytest.approx(
        {"cells": 0.5, "worst_group": 0.0, "rare_cells": 0.0}
    )
    assert found.reference.endpoints["worst_group"].class_name == "b"
    empty = next(part for part in found.parts if part.name == "a in b")
    assert (empty.kind, empty.train_before, empty.train_after, empty.test_images) == ("cell", 0, 90, 40)
    assert "endpoint" not in read_json_of(run_compare(results)), "what every dataset has is written as ever"


def test_groups_that_the_split_keeps_apart_are_what_intervals_count(results: Path) -> None:
    file = results / "cats" / "truth.json"
    write_json(file, read_json(file) | {"groups": [f"clip {number // 40}" for number in range(400)]})
    everywhere = run_compare(results)
    assert everywhere.test_groups is None
    assert "test_groups" not in read_json_of(everywhere), "what other datasets have is written as ever"
    assert "On 400 test images and over 5 runs, " in everywhere.verdict
    for split in ({"test": 0.2, "keep_together": "group"}, {"test": {"groups": ["clip 0"]}}):
        apart = run_compare(results, split=SplitSpec.model_validate({"val": 0.2} | split))
        assert (apart.test_groups, apart.over_groups) == (10, True)
        assert "Over 5 runs and 10 groups of test images (400 images), `merged/plain`, the best" in apart.verdict
        [compared, *_] = apart.arms[1].compared
        assert compared.p_mcnemar is None
        assert compared.difference != everywhere.arms[1].compared[0].difference
        assert apart.parts[-1].difference == everywhere.parts[-1].difference, "a cell is of one group"
    recall = pd.read_csv(results / "cats" / "out" / "recall.csv")
    one = recall[(recall["kind"] == "class") & (recall["name"] == "a") & (recall["arm"] == "merged/plain")].iloc[0]
    assert one["low"] == pytest.approx(apart.arms[1].compared[0].difference.low, abs=1e-6)


def read_json_of(found: Result) -> dict[str, Any]:
    return found.model_dump(mode="json")


def test_what_a_training_set_is_made_of_says_what_kind_of_arm_it_is(results: Path) -> None:
    mixes = {"merged": MixSpec(synthesizer="gan", fill=9, control=True)}
    autos = {"synthetic": AutoMixSpec(synthesizer="gan", recipe="plain")}
    found = run_compare(results, mixes=mixes, auto_mixes=autos)
    assert [one.kind for one in found.arms] == [ArmKind.REAL, ArmKind.CONTROL, ArmKind.MERGED]


def test_a_mix_that_added_nothing_is_no_synthesis(results: Path) -> None:
    better = arm("merged", "plain", random_hits(0.95, 7), 0.99)  # by val and on test
    write_parquet(results / "cats" / "merged" / "predictions.parquet", better.predictions.to_frame())
    write_record(results / "cats" / "merged" / "metrics.json", trainings_of(better, synthetic_images=0))
    found = run_compare(results)
    assert "not judged: no synthetic image was added to `merged`. Where every class had" in found.verdict
    assert (found.chosen, found.arms[1].kind) == (None, ArmKind.EMPTY_MIX)


def test_runs_that_were_cut_off_are_told(results: Path) -> None:
    one = arm("merged", "plain", random_hits(0.9, 1), 0.9)
    write_record(results / "cats" / "merged" / "metrics.json", trainings_of(one, converged=3))
    found = run_compare(results)
    assert "Not trained to their end, so take it with care: 2 of 5 runs of `merged/plain`" in found.verdict
    assert [one.cut_off for one in found.arms] == [0, 2, 0]


def test_runs_with_a_generator_each_are_told(results: Path) -> None:
    assert "with a generator each" not in run_compare(results).verdict
    file = results / "cats" / "merged" / "metrics.json"
    write_json(file, read_json(file) | {"generators": 5})
    found = run_compare(results)
    assert "over 5 runs with a generator each, `merged/plain`" in found.verdict
    assert (found.own_generators, [one.generators for one in found.arms]) == (True, [1, 5, 1])


def test_predictions_of_other_images_are_refused(results: Path) -> None:
    write_record(results / "cats" / "truth.json", GroundTruth(classes=("a", "b"), labels=(0,) * 300))
    with pytest.raises(ContainerError, match=r"predictions\.parquet: expected 300 rows a run, one a test image"):
        run_compare(results)


FAILED = QUALITY | {"failed_checks": 1, "failures": ["class 0 ('a'): coverage 0.01, expected at least 0.30"]}


def test_the_comparison_goes_on_with_the_arms_there_are(results: Path) -> None:
    reasons = ("mixes.merged: 1 check failed", *FAILED["failures"], "what to try: train longer")
    write_json(results / "cats" / "gan.json", FAILED)
    for name in ("merged", "synthetic"):
        write_record(results / "cats" / name / "metrics.json", Untrained(left_out=reasons))
    found = run_compare(results)
    assert [one.name for one in found.arms] == ["real/plain"]
    assert [(each.name, each.missing) for each in found.left_out] == [
        ("gan", Missing.FAILED_CHECKS),
        ("merged", Missing.NOT_MERGED),
        ("synthetic", Missing.NOT_MERGED),
    ]
    assert found.verdict.startswith(
        "`gan` failed its checks (class 0 ('a'): coverage 0.01, expected at least 0.30): leave it out. What to try: "
    )
    assert "because there are no images by gan that may be used. Train on `real` with recipe `plain`." in found.verdict
    assert found.verdict.count("coverage 0.01") == 1


def test_without_a_real_arm_the_record_says_so_and_the_product_is_the_real_images(results: Path) -> None:
    write_record(results / "cats" / "real" / "metrics.json", Untrained(left_out=("training diverged",)))
    found = run_compare(results)
    assert (found.arms, found.judged, found.effect) == ((), False, None)
    assert found.verdict.startswith("Left out: `real`, because training diverged. No verdict on synthesis: no arm on ")
    assert pd.read_csv(results / "cats" / "out" / "recall.csv").empty
    images = make_image_set(*striped_images(20, 2, (1, 8, 8), 0), ["a", "b"])
    write_image_set(results / "train" / "real", images, {})
    train = PathPattern(f"{results}/train/{{train_set}}")
    record, made = results / "cats" / "out" / "result.json", results / "product"
    product.run(dataset="cats", train=train, result=record, product=made)
    made_by = read_json(made / "meta.json")["made_by"]
    assert (made_by["train_set"], made_by["recipe"], made_by["verdict"]) == ("real", None, found.verdict)


def test_the_recalls_have_the_same_columns_with_and_without_arms(results: Path) -> None:
    run_compare(results)
    table = pd.read_csv(results / "cats" / "out" / "recall.csv")
    assert tuple(table.columns) == RECALL_COLUMNS


def test_the_summary_has_a_table_a_picture_and_the_figures_of_every_arm(results: Path) -> None:
    run_compare(results)
    folder = results / "reports" / "cats"
    names = {"metrics": "metrics", "arms": "arms.csv", "table": "comparison.md", "accuracy": "accuracy.png"}
    outputs = {name: folder / file for name, file in names.items()}

    def run() -> dict[Path, bytes]:
        summary.run(dataset="cats", result=results / "cats" / "out" / "result.json", **outputs)
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    before = run()
    assert "## cats" in outputs["table"].read_text()
    arms = ["real/plain", "merged/plain", "synthetic/plain"]
    assert sorted(path.stem for path in outputs["metrics"].iterdir()) == sorted(arm.replace("/", "-") for arm in arms)
    assert pd.read_csv(outputs["arms"])["arm"].tolist() == arms
    assert run() == before


def test_without_a_real_arm_there_is_a_summary_that_says_so(results: Path) -> None:
    write_record(results / "cats" / "real" / "metrics.json", Untrained(left_out=("training diverged",)))
    run_compare(results)
    outputs = {name: results / "reports" / name for name in ("metrics", "arms", "table", "accuracy")}
    summary.run(dataset="cats", result=results / "cats" / "out" / "result.json", **outputs)
    assert "Left out: `real`, because training diverged. **No verdict on synthesis" in outputs["table"].read_text()
    assert (list(outputs["metrics"].iterdir()), pd.read_csv(outputs["arms"]).empty) == ([], True)
