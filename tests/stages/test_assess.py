"""The stage as the command line calls it, on a judge trained for a second."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from augment.assessment.gate import GateSpec
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.training import train_classifier
from augment.core.container import read_image_set, write_image_set
from augment.core.images import ImageSet, concatenate, make_image_set
from augment.core.store import read_json, write_left_out
from augment.judge.judge import write_judge
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.stages.assess import assess
from tests.conftest import striped_images

SPEC = ClassifierSpec(width=4, batch_size=16, learning_rate=4e-3, max_steps=60, eval_every=20, patience=5, flips=False)


PREPARED = {"stage": "prepare", "dataset": "toys", "seed": 0}
SYNTHESIZED = {"stage": "synthesize", "dataset": "toys", "synthesizer": "gan", "seed": 0}


def stripes_of(seed: int) -> ImageSet:
    images, labels = striped_images(60, 3, (1, 8, 8), seed)
    return make_image_set(images, labels, ["low", "middle", "high"])


@pytest.fixture
def inputs(tmp_path: Path, cpu: Machine) -> dict[str, Path]:
    """Real train and val images, a judge, and synthetic images whose last class is one image repeated."""
    train, val, synthetic = (stripes_of(seed) for seed in range(3))
    pixels = synthetic.images.copy()
    pixels[2::3] = pixels[2]
    collapsed = make_image_set(pixels, synthetic.labels, synthetic.classes, generator_seed=1)
    paths = {name: tmp_path / name for name in ("train", "val", "synthetic", "judge")}
    for name, images in {"train": train, "val": val}.items():
        write_image_set(paths[name], images, PREPARED)
    write_image_set(paths["synthetic"], collapsed, SYNTHESIZED)
    recipe = RecipeSpec(transforms="none", sampling="natural")
    judge = train_classifier(train, val, SPEC, recipe, 0, 0, cpu, Progress("judge", SPEC.max_steps))
    write_judge(paths["judge"], judge.network, train.classes, train.shape, {})
    return paths


@pytest.fixture
def outputs(tmp_path: Path) -> dict[str, Path]:
    names = {
        "quality": "q.json",
        "per_class": "p.csv",
        "scores": "s.parquet",
        "grid": "g.png",
        "nearest_train": "n.png",
    }
    return {name: tmp_path / "out" / file for name, file in names.items()}


def run_assess(inputs: dict[str, Path], outputs: dict[str, Path]) -> dict[str, Any]:
    """Run the stage; read the figures that it wrote."""
    runtime = RuntimeSpec(device="cpu", precision="fp32")
    assess.run(dataset="toys", synthesizer="gan", gate=GateSpec(), runtime=runtime, seed=0, **inputs, **outputs)
    return read_json(outputs["quality"])


def test_it_writes_figures_failures_table_and_pictures(
    inputs: dict[str, Path], outputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run_assess(inputs, outputs)
    assert [text for text in figures["failures"] if not text.startswith("class high: ")] == []
    assert any("the generator repeats itself" in text for text in figures["failures"])
    assert figures["failures"][0] in capsys.readouterr().out
    assert len(pd.read_parquet(outputs["scores"])) == 60
    table = pd.read_csv(outputs["per_class"])
    assert table["class_name"].tolist() == ["low", "middle", "high"]
    low, middle, high = table["ms_ssim"]
    assert high == 1.0 > max(low, middle)
    for name in ("grid", "nearest_train"):
        assert np.asarray(Image.open(outputs[name])).ndim == 2


def test_one_of_several_generators_can_fail(inputs: dict[str, Path], outputs: dict[str, Path]) -> None:
    collapsed, good = read_image_set(inputs["synthetic"]), stripes_of(5)
    second = make_image_set(good.images, good.labels, good.classes, generator_seed=2)
    shutil.rmtree(inputs["synthetic"])
    write_image_set(inputs["synthetic"], concatenate(second, collapsed), SYNTHESIZED)
    figures = run_assess(inputs, outputs)
    assert figures["failures"]
    assert all(text.startswith("generator 2 of 2: class high: ") for text in figures["failures"])
    of_each = figures["generators"]
    assert of_each["1"]["recall"] > of_each["2"]["recall"]
    assert len(pd.read_parquet(outputs["scores"])) == 120


def test_what_images_teach_is_asked_of_those_of_one_generator(
    inputs: dict[str, Path], outputs: dict[str, Path]
) -> None:
    good, taught = stripes_of(5), []
    right = make_image_set(good.images, good.labels, good.classes, generator_seed=2)
    wrong = make_image_set(good.images, (good.labels + 1) % 3, good.classes, generator_seed=3)
    for images in (right, concatenate(right, wrong)):
        shutil.rmtree(inputs["synthetic"])
        write_image_set(inputs["synthetic"], images, SYNTHESIZED)
        taught.append(run_assess(inputs, outputs)["classification_accuracy_score"])
    assert taught[0] == taught[1] > 0.9


@pytest.mark.parametrize("name", ["synthetic", "judge"])
def test_images_that_could_not_be_made_fail_with_the_reasons_in_files_of_the_same_form(
    inputs: dict[str, Path], outputs: dict[str, Path], name: str
) -> None:
    run_assess(inputs, outputs)
    assessed = {name: path.with_name(f"before-{path.name}") for name, path in outputs.items()}
    for before, after in zip(outputs.values(), assessed.values(), strict=True):
        before.rename(after)
    write_left_out(inputs[name], ["training diverged", "lower the learning rate"])
    figures = run_assess(inputs, outputs)
    reasons = ["training diverged", "lower the learning rate"]
    assert figures == {"failed_checks": 2, "failures": reasons, "left_out": reasons}
    for file, read in (("per_class", pd.read_csv), ("scores", pd.read_parquet)):
        empty, full = read(outputs[file]), read(assessed[file])
        assert (len(empty), list(empty.columns)) == (0, list(full.columns))
        assert file == "per_class" or (empty.dtypes == full.dtypes).all()
    for picture in ("grid", "nearest_train"):
        pixels = np.asarray(Image.open(outputs[picture]))
        assert pixels.ndim == 2
        assert pixels.max() - int(pixels.min()) > 200


def test_too_few_val_images_to_judge_by_are_a_failure_and_no_crash(
    inputs: dict[str, Path], outputs: dict[str, Path]
) -> None:
    write_image_set(inputs["val"], stripes_of(1).select(np.arange(5)), PREPARED)
    figures = run_assess(inputs, outputs)
    assert "5 real ones, of val" in figures["failures"][0]


@pytest.mark.parametrize(("group", "copies"), [("b", 0.0), ("a", 1.0)])
def test_a_translation_is_a_copy_of_images_of_its_own_cell_alone(
    inputs: dict[str, Path], outputs: dict[str, Path], group: str, copies: float
) -> None:
    """The synthetic images are those of group a: as such they are copies, said to be of group b they are none."""
    for number, name in enumerate(("train", "val")):
        real = stripes_of(number)
        groups = np.repeat(["a", "b"], 30)
        write_image_set(inputs[name], ImageSet(real.images, real.manifest.assign(group=groups), real.classes), PREPARED)
    source = stripes_of(0).select(np.arange(30))
    translated = make_image_set(source.images, source.labels, source.classes, generator_seed=1)
    translated.manifest["group"] = group
    write_image_set(inputs["synthetic"], translated, SYNTHESIZED)
    run_assess(inputs, outputs)
    scores = pd.read_parquet(outputs["scores"])
    assert scores["near_copy"].mean() == pytest.approx(copies, abs=0.1)  # a few are as near as chance has it
    assert scores["nearest_train"].between(30 * (group == "b"), 30 * (group == "b") + 29).all()
