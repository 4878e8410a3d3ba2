"""The stages from train_classifier to product as the command line calls them, on classifiers trained for a second."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from augment.classifier.files import write_classifiers
from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.classifier.training import train_classifier
from augment.core.errors import DataError
from augment.core.images import make_image_set
from augment.core.paths import PathPattern
from augment.core.store import read_image_set, read_parquet, write_image_set, write_json, write_parquet
from augment.evaluation.arms import Arm
from augment.merging.specs import MixSpec
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.specs import RuntimeSpec
from augment.stages.compare import compare
from augment.stages.evaluate import evaluate
from augment.stages.product import product
from augment.stages.train_classifier import train_classifier as train_classifier_stage
from tests.conftest import striped_images
from tests.evaluation.simulated import arm, random_hits
from tests.evaluation.test_summary import QUALITY

SPEC = ClassifierSpec(width=4, batch_size=16, learning_rate=4e-3, max_steps=40, eval_every=20, patience=5, flips=False)
RECIPE = RecipeSpec(transforms="none", sampling="natural")
CPU = RuntimeSpec(device="cpu", precision="fp32")


def evaluations(folder: Path) -> dict[str, PathPattern]:
    """Say where evaluate writes, a file an arm."""
    return {
        name: PathPattern(f"{folder}/{name}/{{train_set}}-{{recipe}}")
        for name in ("predictions", "metrics", "confusion")
    }


def test_evaluate_writes_what_runs_say_with_groups_and_counts(tmp_path: Path, cpu: Machine) -> None:
    train, test = (make_image_set(*striped_images(count, 2, (1, 8, 8), count), ["low", "high"]) for count in (31, 20))
    test.manifest["group"] = ["north", "south"] * 10
    paths = {name: tmp_path / name for name in ("train", "test", "classifier")}
    runs = [train_classifier(train, test, SPEC, RECIPE, 0, run, cpu, Progress("run", 40)) for run in range(2)]
    write_image_set(paths["train"], train, {})
    write_image_set(paths["test"], test, {})
    write_classifiers(paths["classifier"], runs, train, SPEC, cpu)
    patterns = {**{name: PathPattern(str(paths[name])) for name in ("train", "classifier")}, **evaluations(tmp_path)}
    evaluate.run(
        dataset="toys", runtime=CPU, train_sets=["real"], recipes={"plain": {}}, test=paths["test"], **patterns
    )
    frame = read_parquet(tmp_path / "predictions" / "real-plain")
    assert frame["group"].tolist() == ["north", "south"] * 20
    assert frame["run"].nunique() == 2
    metrics = json.loads((tmp_path / "metrics" / "real-plain").read_text())
    assert metrics["train_counts"] == [16, 15]
    assert metrics["synthetic_images"] == 0
    assert {"accuracy", "balanced_accuracy", "log_loss", "calibration_error"} <= set(metrics)


def test_evaluate_refuses_an_arm_that_was_trained_on_test_images(tmp_path: Path) -> None:
    test = make_image_set(*striped_images(20, 2, (1, 8, 8), 0), ["low", "high"])
    for name in ("train", "test"):
        write_image_set(tmp_path / name, test, {})
    patterns = {
        **{name: PathPattern(f"{tmp_path}/{name}") for name in ("train", "classifier")},
        **evaluations(tmp_path / "out"),
    }
    with pytest.raises(DataError, match=r"train and .*test: expected no image in both, found 20"):
        evaluate.run(
            dataset="toys",
            runtime=CPU,
            train_sets=["real"],
            recipes={"plain": {}},
            test=tmp_path / "test",
            **patterns,
        )
    assert not (tmp_path / "out").exists()


def test_a_classifier_does_not_stop_by_images_it_learns_from(tmp_path: Path) -> None:
    images = make_image_set(*striped_images(20, 2, (1, 8, 8), 0), ["low", "high"])
    for name in ("train", "val"):
        write_image_set(tmp_path / name, images, {})
    arguments: dict[str, Any] = {"dataset": "toys", "train_set": "real", "recipe": "plain", "seed": 0, "seeds": 1}
    paths = {name: tmp_path / name for name in ("train", "val", "classifier")}
    with pytest.raises(DataError, match=r"train and .*val: expected no image in both, found 20"):
        train_classifier_stage.run(**arguments, spec=SPEC, recipe_spec=RECIPE, runtime=CPU, **paths)
    assert not paths["classifier"].exists()


def test_product_is_the_training_set_that_the_verdict_names(tmp_path: Path) -> None:
    for number, name in enumerate(("real", "merged")):
        write_image_set(tmp_path / name, make_image_set(*striped_images(20, 2, (1, 8, 8), number), ["low", "high"]), {})
    use = {"arm": "merged/plain", "train_set": "merged", "recipe": "plain"}
    write_json(tmp_path / "verdict.json", {"verdict": "It helps.", "use": use})
    paths = {"verdict": tmp_path / "verdict.json", "product": tmp_path / "product"}
    product.run(dataset="toys", train=PathPattern(f"{tmp_path}/{{train_set}}"), **paths)
    found, expected = read_image_set(tmp_path / "product"), read_image_set(tmp_path / "merged")
    assert (found.images == expected.images).all()
    made_by = json.loads((tmp_path / "product" / "meta.json").read_text())["made_by"]
    assert made_by == {"stage": "product", "dataset": "toys", **use, "verdict": "It helps."}


def scores_of(one: Arm, synthetic_images: int = 9, converged: int = 5) -> dict[str, Any]:
    return {
        "val_accuracy": one.val_accuracy.tolist(),
        "train_counts": one.train_counts.tolist(),
        "synthetic_images": synthetic_images,
        "converged": converged,
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of two datasets, one of them with arms that are no longer asked for."""
    accuracies = {"real": 0.7, "merged": 0.9, "synthetic": 0.5, "old": 0.1}
    for dataset, (number, (train_set, accuracy)) in itertools.product(("cats", "dogs"), enumerate(accuracies.items())):
        one = arm(train_set, "plain", random_hits(accuracy, number), accuracy)
        folder = tmp_path / dataset / train_set
        write_parquet(folder / "predictions.parquet", one.predictions.to_frame())
        write_json(folder / "metrics.json", scores_of(one))
    for dataset in ("cats", "dogs"):
        write_json(tmp_path / dataset / "gan.json", QUALITY)
    return tmp_path


def run_compare(results: Path) -> dict[str, Path]:
    """Run the stage; return where it wrote."""
    names = {"metrics": "metrics", "verdicts": "verdicts", "table": "t.md", "arms": "arms", "recall": "recall"}
    outputs = {name: results / "out" / file for name, file in names.items()}
    compare.run(
        seed=0,
        datasets={"cats": {}, "dogs": {}},
        synthesizers={"gan": ["gan"]},
        mixes={"merged": MixSpec(synthesizer="gan", share=0.5), "synthetic": MixSpec(synthesizer="gan", share=1.0)},
        auto_mixes={},
        train_sets=["real", "merged", "synthetic"],
        recipes={"plain": {}},
        predictions=PathPattern(f"{results}/{{dataset}}/{{train_set}}/predictions.parquet"),
        arm_metrics=PathPattern(f"{results}/{{dataset}}/{{train_set}}/metrics.json"),
        quality=PathPattern(f"{results}/{{dataset}}/{{synthesizer}}.json"),
        accuracy=results / "out" / "a.png",
        **outputs,
    )
    return outputs


def test_compare_writes_verdicts_tables_and_a_picture(results: Path) -> None:
    outputs = run_compare(results)
    verdict = json.loads((outputs["verdicts"] / "cats.json").read_text())
    assert verdict["use"] == {"arm": "merged/plain", "train_set": "merged", "recipe": "plain"}
    assert verdict["release"]["memorisation"]["pixels"]["near_copies"] == 0.02
    assert verdict["release"]["membership"]["features"]["auc"] == 0.55
    assert "## dogs" in outputs["table"].read_text()
    written = sorted(str(path.relative_to(outputs["metrics"])) for path in outputs["metrics"].rglob("*.json"))
    arms = ("merged-plain.json", "real-plain.json", "synthetic-plain.json")
    assert written == [f"{dataset}/{name}" for dataset in ("cats", "dogs") for name in arms]
    assert pd.read_csv(outputs["arms"] / "cats.csv")["arm"].tolist() == [
        "real/plain",
        "merged/plain",
        "synthetic/plain",
    ]
    recall = pd.read_csv(outputs["recall"] / "dogs.csv")
    assert np.allclose(recall.query("kind == 'class' and name == 'a'")["recall"], [0.7, 0.9, 0.5], atol=0.05)
    before = {path: path.read_bytes() for path in results.rglob("out/**/*") if path.is_file()}
    run_compare(results)
    assert {path: path.read_bytes() for path in before} == before


def test_a_mix_that_added_nothing_is_no_synthesis(results: Path) -> None:
    better = arm("merged", "plain", random_hits(0.95, 7), 0.99)  # by val and on test
    write_parquet(results / "cats" / "merged" / "predictions.parquet", better.predictions.to_frame())
    write_json(results / "cats" / "merged" / "metrics.json", scores_of(better, synthetic_images=0))
    verdict = json.loads((run_compare(results)["verdicts"] / "cats.json").read_text())
    assert verdict["verdict"].startswith("No synthetic image was added to `merged`, so there is nothing to judge")
    assert verdict["chosen"] is None


def test_runs_that_were_cut_off_are_told(results: Path) -> None:
    one = arm("merged", "plain", random_hits(0.9, 1), 0.9)
    write_json(results / "cats" / "merged" / "metrics.json", scores_of(one, converged=3))
    outputs = run_compare(results)
    verdict = json.loads((outputs["verdicts"] / "cats.json").read_text())
    assert "Not trained to their end, so take it with care: 2 of 5 runs of `merged/plain`" in verdict["verdict"]
    assert "before val had stopped improving: 2 of 5 runs of `merged/plain`." in outputs["table"].read_text()
    assert pd.read_csv(outputs["arms"] / "cats.csv")["cut_off"].tolist() == [0, 2, 0]
