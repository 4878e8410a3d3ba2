"""The stages evaluate and compare as the command line calls them, on classifiers trained for a second."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from augment.classifier.files import write_classifiers
from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.classifier.training import train_classifier
from augment.core.images import make_image_set
from augment.core.store import read_parquet, write_image_set, write_json, write_parquet
from augment.merging.specs import MixSpec
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.specs import RuntimeSpec
from augment.stages.compare import compare
from augment.stages.evaluate import evaluate
from tests.conftest import striped_images
from tests.evaluation.simulated import arm, random_hits
from tests.evaluation.test_report import QUALITY

SPEC = ClassifierSpec(width=4, batch_size=16, learning_rate=4e-3, max_steps=40, eval_every=20, patience=5, flips=False)
RECIPE = RecipeSpec(transforms="none", sampling="natural")
CPU = RuntimeSpec(device="cpu", precision="fp32")


def test_evaluate_writes_what_runs_say_with_groups_and_counts(tmp_path: Path, cpu: Machine) -> None:
    train, test = (make_image_set(*striped_images(count, 2, (1, 8, 8), count), ["low", "high"]) for count in (31, 20))
    test.manifest["group"] = ["north", "south"] * 10
    paths = {name: tmp_path / name for name in ("train", "test", "classifier", "predictions", "metrics", "confusion")}
    runs = [train_classifier(train, test, SPEC, RECIPE, 0, run, cpu, Progress("run", 40)) for run in range(2)]
    write_image_set(paths["train"], train, {})
    write_image_set(paths["test"], test, {})
    write_classifiers(paths["classifier"], runs, train, SPEC, cpu)
    evaluate.run(dataset="toys", train_set="real", recipe="plain", runtime=CPU, **paths)
    frame = read_parquet(paths["predictions"])
    assert frame["group"].tolist() == ["north", "south"] * 20
    assert frame["run"].nunique() == 2
    metrics = json.loads(paths["metrics"].read_text())
    assert metrics["train_counts"] == [16, 15]
    assert {"accuracy", "balanced_accuracy", "log_loss", "calibration_error"} <= set(metrics)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of two datasets, one of them with arms that are no longer asked for."""
    accuracies = {"real": 0.7, "merged": 0.9, "synthetic": 0.5, "old": 0.1}
    for dataset, (number, (train_set, accuracy)) in product(("cats", "dogs"), enumerate(accuracies.items())):
        one = arm(train_set, "plain", random_hits(accuracy, number), accuracy)
        folder = tmp_path / dataset / train_set
        write_parquet(folder / "predictions.parquet", one.predictions.to_frame())
        scores = {"val_accuracy": one.val_accuracy.tolist(), "train_counts": one.train_counts.tolist()}
        write_json(folder / "metrics.json", scores)
    for dataset in ("cats", "dogs"):
        write_json(tmp_path / dataset / "gan.json", QUALITY)
    return tmp_path


def test_compare_writes_verdicts_tables_and_a_picture(results: Path) -> None:
    names = {"metrics": "metrics", "verdicts": "v.json", "table": "t.md", "arms": "arms", "recall": "recall"}
    outputs = {name: results / "out" / file for name, file in names.items()}
    settings: dict[str, Any] = {
        "seed": 0,
        "datasets": {"cats": {}, "dogs": {}},
        "synthesizers": ["gan"],
        "mixes": {"merged": MixSpec(synthesizer="gan", share=0.5), "synthetic": MixSpec(synthesizer="gan", share=1.0)},
        "auto_mixes": {},
        "train_sets": ["real", "merged", "synthetic"],
        "recipes": {"plain": {}},
        "predictions": f"{results}/{{dataset}}/{{train_set}}/predictions.parquet",
        "arm_metrics": f"{results}/{{dataset}}/{{train_set}}/metrics.json",
        "quality": f"{results}/{{dataset}}/{{synthesizer}}.json",
    }
    compare.run(**settings, **outputs, accuracy=results / "out" / "a.png")
    verdicts = json.loads(outputs["verdicts"].read_text())
    assert verdicts["cats"]["use"] == {"arm": "merged/plain", "train_set": "merged", "recipe": "plain"}
    assert verdicts["cats"]["release"]["memorisation"]["pixels"]["near_copies"] == 0.02
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
    compare.run(**settings, **outputs, accuracy=results / "out" / "a.png")
    assert {path: path.read_bytes() for path in before} == before
