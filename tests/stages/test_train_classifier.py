"""The stage as the command line calls it: what it trains on must be what the settings say."""

import shutil
import subprocess
import sys
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.files import read_classifiers
from augment.core.container import write_image_set
from augment.core.endpoints import VerdictSpec
from augment.core.errors import ContainerError, DataError, LeftOutError
from augment.core.images import UNLABELLED, ImageSet, concatenate, make_image_set
from augment.core.provenance import described
from augment.core.settings_block import parse
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.split_spec import NoScarcity, SplitSpec
from augment.runtime.runtime_spec import RuntimeSpec
from augment.stages.train_classifier import train_classifier
from tests.conftest import striped_images

PROJECT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = {
    "seed": 0,
    "source": ImageFolderSource(kind="image_folder", image_size=8, mode="grey"),
    "split": SplitSpec(val=0.2, test=0.2),
    "scarcity": NoScarcity(kind="none"),
}
PREPARED = described(stage="prepare", dataset="toys", **SETTINGS)


def write(path: Path, made_by: dict[str, Any], *, seed: int = 0, shape: tuple[int, int, int] = (1, 8, 8)) -> None:
    write_image_set(path, make_image_set(*striped_images(20, 2, shape, seed), ["low", "high"]), made_by)


PLAIN = RecipeSpec(transforms="none", sampling="natural")


def run(folder: Path, train_set: str = "real", recipe_spec: RecipeSpec = PLAIN, **changes: Any) -> None:
    train_classifier.carry_out(
        dataset="toys",
        train_set=train_set,
        recipe="plain",
        spec=ClassifierSpec(width=4, batch_size=10, max_steps=2, eval_every=1),
        recipe_spec=recipe_spec,
        runtime=RuntimeSpec(device="cpu", precision="fp32"),
        verdict=VerdictSpec(),
        seeds=2,
        train=folder / "train",
        val=folder / "val",
        unlabelled=folder / "unlabelled",
        classifier=folder / "arm",
        **(SETTINGS | changes),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "train", PREPARED)
    write(tmp_path / "val", PREPARED, seed=1)
    return tmp_path


def test_one_classifier_a_seed_is_written(folder: Path) -> None:
    run(folder)
    assert (
        len(
            read_classifiers(
                folder / "arm", ["low", "high"], (1, 8, 8), {"train_set": "real", "recipe": "plain", "seeds": 2}
            )
        )
        == 2
    )


def test_images_that_other_settings_made_are_refused(folder: Path) -> None:
    smaller = ImageFolderSource(kind="image_folder", image_size=24, mode="grey")
    with pytest.raises(ContainerError, match=r"val/meta\.json: made_by: found source\.image_size 8, expected 24\."):
        run(folder, source=smaller)
    with pytest.raises(ContainerError, match=r"found seed 0, expected 1\."):
        run(folder, seed=1)
    with pytest.raises(ContainerError, match=r"found split\.val 0\.2, expected 0\.3\."):
        run(folder, split=SplitSpec(val=0.3, test=0.2))
    assert not (folder / "arm").exists()


def test_a_training_set_is_that_of_its_name(folder: Path) -> None:
    write(folder / "train", {"stage": "merge", "dataset": "toys", "mix": "merged"})
    run(folder, "merged")
    with pytest.raises(ContainerError, match=r"train/meta\.json: made_by: found mix merged, expected synthetic\."):
        run(folder, "synthetic")
    with pytest.raises(
        ContainerError, match=r"train/meta\.json: made_by: found stage merge, expected prepare; seed noth"
    ):
        run(folder, "real")


def test_images_of_another_shape_are_refused(folder: Path) -> None:
    write(folder / "train", PREPARED, shape=(1, 9, 9))
    with pytest.raises(DataError, match=r"train and .*val: image shapes \(1, 9, 9\) and \(1, 8, 8\) differ"):
        run(folder)


def test_classifiers_are_the_same_however_many_processes_train_them(folder: Path) -> None:
    """In programs of their own: a process with pytest's threads should not be forked."""
    code = "import os, sys; from tests.stages.test_train_classifier import Path, run; {}; run(Path(sys.argv[1]))"
    written = []
    for cores in "12":
        set_cores = f"os.environ['LOKY_MAX_CPU_COUNT'] = '{cores}'"
        command = [sys.executable, "-c", code.format(set_cores), str(folder)]
        subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
        written.append({file.name: file.read_bytes() for file in (folder / "arm").iterdir()})
        shutil.rmtree(folder / "arm")
    assert len(written[0]) > 2
    assert written[0] == written[1]


def test_each_run_learns_from_its_own_generator(folder: Path) -> None:
    real = make_image_set(*striped_images(20, 2, (1, 8, 8), 0), ["low", "high"])
    drawn = [
        make_image_set(*striped_images(20, 2, (1, 8, 8), 7 + number), ["low", "high"], generator_seed=number)
        for number in range(2)
    ]
    mixed = {"dataset": "toys", "mix": "merged"}

    def weights(*parts: ImageSet) -> list[dict[str, Tensor]]:
        shutil.rmtree(folder / "train")
        write_image_set(folder / "train", reduce(concatenate, parts), mixed)
        run(folder, "merged")
        found = read_classifiers(folder / "arm", ["low", "high"], (1, 8, 8), {"train_set": "merged"})
        return [one.network.state_dict() for one in found]

    both = weights(real, *drawn)
    alone = [weights(real, one)[number] for number, one in enumerate(drawn)]
    for found, expected in zip(both, alone, strict=True):
        assert all(torch.equal(found[name], expected[name]) for name in expected)


def learning(**unlabelled: Any) -> RecipeSpec:
    return parse(RecipeSpec, PLAIN.model_dump() | {"unlabelled": unlabelled}, "a recipe")


@pytest.mark.parametrize("kind", ["self_training", "fixmatch"])
@pytest.mark.parametrize("train_set", ["real", "merged"])
def test_images_without_labels_serve_any_training_set(folder: Path, kind: str, train_set: str) -> None:
    if train_set == "merged":
        shutil.rmtree(folder / "train")
        write(folder / "train", {"dataset": "toys", "mix": "merged"})
    pool = make_image_set(striped_images(30, 2, (1, 8, 8), 5)[0], [0] * 30, [UNLABELLED])
    write_image_set(folder / "unlabelled", pool, PREPARED)
    recipe = learning(kind=kind, threshold=0.01)
    run(folder, train_set, recipe)
    found = read_classifiers(
        folder / "arm", ["low", "high"], (1, 8, 8), described(train_set=train_set, recipe_spec=recipe)
    )
    assert [each.believed for each in found] == [30 if kind == "self_training" else None] * 2


def test_images_without_labels_are_those_of_these_settings_and_none_of_val(folder: Path) -> None:
    write_image_set(folder / "unlabelled", make_image_set(*striped_images(9, 2, (1, 8, 8), 5), "ab"), {})
    with pytest.raises(ContainerError, match=r"unlabelled/meta\.json: made_by: found stage nothing, expected prepare"):
        run(folder, "real", learning(kind="fixmatch"))
    shutil.rmtree(folder / "unlabelled")
    write(folder / "unlabelled", PREPARED, seed=1)
    with pytest.raises(DataError, match=r"unlabelled and .*val: expected no image in both, found 20"):
        run(folder, "real", learning(kind="fixmatch"))


def test_an_arm_that_wants_images_without_labels_is_left_out_where_there_are_none(folder: Path) -> None:
    empty = make_image_set(np.empty((0, 1, 8, 8), np.uint8), [], [UNLABELLED])
    write_image_set(folder / "unlabelled", empty, PREPARED)
    run(folder, "real", learning(kind="self_training"))
    with pytest.raises(LeftOutError, match="its recipe learns from images without labels, and toys has none"):
        read_classifiers(folder / "arm", ["low", "high"], (1, 8, 8), {})
