"""The stages train_classifier and evaluate as the command line calls them, on classifiers trained for a second."""

from pathlib import Path
from typing import Any

import pytest

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.files import write_classifiers
from augment.classifier.training import train_classifier
from augment.core.container import write_image_set
from augment.core.endpoints import VerdictSpec
from augment.core.errors import DataError
from augment.core.images import make_image_set
from augment.core.paths import PathPattern
from augment.core.provenance import described
from augment.core.records import read_record
from augment.core.settings_block import Spec
from augment.core.store import read_json, read_parquet, write_left_out
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.evaluation.trainings import Trainings
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.stages.evaluate import evaluate
from augment.stages.train_classifier import train_classifier as train_classifier_stage
from tests.conftest import striped_images

SPEC = ClassifierSpec(width=4, batch_size=16, learning_rate=4e-3, max_steps=40, eval_every=20, patience=5, flips=False)
RECIPE = RecipeSpec(transforms="none", sampling="natural")
CPU = RuntimeSpec(device="cpu", precision="fp32")


ARM: dict[str, Any] = {"seed": 0, "seeds": 2, "verdict": VerdictSpec(), "spec": SPEC}
"""Settings that evaluate holds classifiers against."""


def evaluations(folder: Path) -> dict[str, PathPattern]:
    """Say where evaluate writes, a file an arm but for the truth."""
    return {
        name: PathPattern(f"{folder}/{name}/{{train_set}}-{{recipe}}")
        for name in ("predictions", "metrics", "confusion")
    }


def test_evaluate_writes_what_runs_say_with_groups_and_counts(tmp_path: Path, cpu: Machine) -> None:
    train, test = (make_image_set(*striped_images(count, 2, (1, 8, 8), count), ["low", "high"]) for count in (31, 20))
    test.manifest["group"] = ["north", "south"] * 10
    train.manifest["group"] = [["north", "east"][k // 2 % 2] for k in range(31)]
    paths = {name: tmp_path / name for name in ("train", "test", "classifier")}
    runs = [train_classifier(train, test, SPEC, RECIPE, 0, run, cpu, Progress("run", 40)) for run in range(2)]
    write_image_set(paths["train"], train, {})
    write_image_set(paths["test"], test, {})
    made_by = described(dataset="toys", train_set="real", recipe="plain", recipe_spec=RECIPE, **ARM)
    write_classifiers(paths["classifier"], runs, train, SPEC, cpu, made_by)
    patterns = {**{name: PathPattern(str(paths[name])) for name in ("train", "classifier")}, **evaluations(tmp_path)}
    evaluate.run(
        dataset="toys",
        runtime=CPU,
        **ARM,
        train_sets=["real"],
        recipes={"plain": RECIPE},
        test=paths["test"],
        truth=tmp_path / "truth.json",
        **patterns,
    )
    truth = read_record(GroundTruth, tmp_path / "truth.json")
    assert truth.groups == ("north", "south") * 10
    found = Predictions.from_frame(read_parquet(tmp_path / "predictions" / "real-plain"), truth, "predictions")
    assert found.probabilities.shape == (2, 20, 2)
    trainings = read_record(Trainings, tmp_path / "metrics" / "real-plain")
    assert (trainings.train_counts, trainings.synthetic_images) == ((16, 15), 0)
    assert "val_endpoint" not in read_json(tmp_path / "metrics" / "real-plain")
    assert trainings.train_cells == {"east": (8, 7), "north": (8, 8)}
    assert trainings.accuracy == pytest.approx(found.accuracy().mean(), abs=1e-6)
    assert [round(run.val_accuracy, 6) for run in runs] == list(trainings.val_accuracy)


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
            **ARM,
            train_sets=["real"],
            recipes={"plain": RECIPE},
            test=tmp_path / "test",
            truth=tmp_path / "out" / "truth.json",
            **patterns,
        )
    assert not (tmp_path / "out").exists()


def test_an_arm_that_could_not_be_trained_has_reasons_in_the_place_of_figures(tmp_path: Path) -> None:
    test = make_image_set(*striped_images(20, 2, (1, 8, 8), 0), ["low", "high"])
    train = make_image_set(*striped_images(20, 2, (1, 8, 8), 1), ["low", "high"])
    write_image_set(tmp_path / "test", test, {})
    write_image_set(tmp_path / "train" / "real", train, {})
    write_left_out(tmp_path / "classifier" / "real" / "plain", ["training diverged"])
    write_left_out(tmp_path / "train" / "merged", ["class 0: 1 image"])
    evaluate.run(
        dataset="toys",
        runtime=CPU,
        **ARM,
        train_sets=["real", "merged"],
        recipes={"plain": RECIPE},
        train=PathPattern(f"{tmp_path}/train/{{train_set}}"),
        classifier=PathPattern(f"{tmp_path}/classifier/{{train_set}}/{{recipe}}"),
        test=tmp_path / "test",
        truth=tmp_path / "truth.json",
        **evaluations(tmp_path),
    )
    found = {path.name: read_json(path)["left_out"] for path in (tmp_path / "metrics").iterdir()}
    assert found == {"real-plain": ["training diverged"], "merged-plain": ["class 0: 1 image"]}
    assert [list((tmp_path / name).iterdir()) for name in ("predictions", "confusion")] == [[], []]
    assert read_record(GroundTruth, tmp_path / "truth.json").classes == ("low", "high")


def test_a_classifier_does_not_stop_by_images_it_learns_from(tmp_path: Path) -> None:
    images = make_image_set(*striped_images(20, 2, (1, 8, 8), 0), ["low", "high"])
    split = {name: Spec() for name in ("source", "split", "scarcity")}
    for name in ("train", "val"):
        write_image_set(tmp_path / name, images, described(stage="prepare", dataset="toys", seed=0, **split))
    arguments: dict[str, Any] = {"dataset": "toys", "train_set": "real", "recipe": "plain", "seed": 0, "seeds": 1}
    arguments |= {"verdict": VerdictSpec()}
    paths = {name: tmp_path / name for name in ("train", "val", "unlabelled", "classifier")}
    with pytest.raises(DataError, match=r"train and .*val: expected no image in both, found 20"):
        train_classifier_stage.run(**arguments, **split, spec=SPEC, recipe_spec=RECIPE, runtime=CPU, **paths)
    assert not paths["classifier"].exists()
