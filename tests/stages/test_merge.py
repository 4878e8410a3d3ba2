"""The stages merge and merge_auto as the command line calls them: what they take of which synthesizer, and refuse."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.core.container import read_image_set, write_image_set
from augment.core.endpoints import VerdictSpec
from augment.core.errors import ContainerError, LeftOutError
from augment.core.images import make_image_set
from augment.core.paths import PathPattern
from augment.core.stage import Stage
from augment.core.store import write_json, write_left_out, write_parquet
from augment.merging.mix_spec import AutoMixSpec, MixSpec
from augment.runtime.runtime_spec import RuntimeSpec
from augment.stages.merge import merge
from augment.stages.merge_auto import merge_auto
from tests.conftest import striped_images
from tests.merging.conftest import good_scores

CLASSIFIER = ClassifierSpec(width=4, batch_size=16, max_steps=4, eval_every=2, flips=False)
RECIPE = RecipeSpec(transforms="none", sampling="natural")
FAILURE = "class 1 ('high'): the generator repeats itself"


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Any]:
    """Real images, and path patterns of what two synthesizers made: the 30 images of `gan` failed their checks."""
    for number, name in enumerate(("real", "val")):
        prepared = make_image_set(*striped_images(20, 2, (1, 8, 8), number), ["low", "high"])
        write_image_set(tmp_path / name, prepared, {"stage": "prepare", "dataset": "toys", "seed": 0})
    for number, (name, count, failures) in enumerate((("gan", 30, [FAILURE]), ("smote", 20, []))):
        images, labels = striped_images(count, 2, (1, 8, 8), 2 + number)
        synthetic = make_image_set(images, labels, ["low", "high"], generator_seed=1)
        write_image_set(tmp_path / f"images-{name}", synthetic, {"dataset": "toys", "synthesizer": name})
        write_json(tmp_path / f"judged-{name}.json", {"failures": failures})
        write_parquet(tmp_path / f"scores-{name}", good_scores(synthetic))
    names = {"synthetic": "images-{}", "quality": "judged-{}.json", "scores": "scores-{}"}
    return {option: PathPattern(f"{tmp_path}/{name.format('{synthesizer}')}") for option, name in names.items()}


def run_merge(folder: Path, inputs: dict[str, Any], **settings: object) -> None:
    spec = MixSpec.model_validate({"share": 0.5, **settings})
    merge.run(dataset="toys", mix="half", spec=spec, real=folder / "real", merged=folder / "merged", **inputs)


def run_merge_auto(folder: Path, inputs: dict[str, Any], **settings: object) -> None:
    merge_auto.run(
        dataset="toys",
        mix="best",
        spec=AutoMixSpec.model_validate({"shares": [0.0, 0.5], "recipe": "plain", "runs": 2, **settings}),
        classifier=CLASSIFIER,
        recipes={"plain": RECIPE},
        runtime=RuntimeSpec(device="cpu", precision="fp32"),
        verdict=VerdictSpec(),
        seed=0,
        **{name: folder / name for name in ("real", "val", "merged", "choice")},
        **inputs,
    )


Run = Callable[..., None]
BOTH = pytest.mark.parametrize(("run", "key"), [(run_merge, "mixes.half"), (run_merge_auto, "auto_mixes.best")])


def account(folder: Path) -> dict[str, Any]:
    made_by = json.loads((folder / "merged" / "meta.json").read_text())["made_by"]
    return dict(made_by["synthetic"])


def test_a_mix_takes_the_images_and_scores_of_its_synthesizer(tmp_path: Path, inputs: dict[str, Any]) -> None:
    run_merge(tmp_path, inputs, synthesizer="smote")
    drawn, merged = read_image_set(tmp_path / "images-smote"), read_image_set(tmp_path / "merged")
    assert set(merged.manifest["content_hash"][20:]) == set(drawn.manifest["content_hash"])
    assert merged.manifest["confidence"][20:].tolist() == [0.9] * 20
    assert account(tmp_path)["drawn"] == 20


def test_a_chosen_share_is_of_the_images_of_the_mixs_synthesizer(tmp_path: Path, inputs: dict[str, Any]) -> None:
    run_merge_auto(tmp_path, inputs, synthesizer="smote")
    assert account(tmp_path)["drawn"] == 20
    chosen = json.loads((tmp_path / "choice").read_text())["chosen_share"]
    assert len(read_image_set(tmp_path / "merged")) == {0.0: 20, 0.5: 40}[chosen]


@BOTH
def test_images_that_failed_are_left_out_and_nothing_is_written(
    tmp_path: Path, inputs: dict[str, Any], run: Run, key: str
) -> None:
    with pytest.raises(LeftOutError) as caught:
        run(tmp_path, inputs, synthesizer="gan")
    assert caught.value.reasons == (
        f"{key}: the images of synthesizer gan failed 1 check, expected none",
        FAILURE,
        f"what to try: train longer or otherwise, or set {key}.allow_failed: true to merge them as they are",
    )
    assert not (tmp_path / "merged").exists()


@BOTH
def test_images_that_could_not_be_drawn_leave_the_mix_out_for_the_same_reason(
    tmp_path: Path, inputs: dict[str, Any], run: Run, key: str
) -> None:
    del key
    write_left_out(tmp_path / "images-smote", ["the training diverged"])
    with pytest.raises(LeftOutError, match=r"^the training diverged$"):
        run(tmp_path, inputs, synthesizer="smote")


@pytest.mark.parametrize("stage", [merge, merge_auto])
def test_a_mix_that_is_left_out_says_so_wherever_its_outputs_are_expected(stage: Stage) -> None:
    assert set(stage.makes) == {"merge": {"merged"}, "merge_auto": {"merged", "choice"}}[stage.run.__name__]


@BOTH
def test_images_that_failed_are_taken_where_the_mix_allows_it(
    tmp_path: Path, inputs: dict[str, Any], run: Run, key: str
) -> None:
    del key
    run(tmp_path, inputs, synthesizer="gan", allow_failed=True)
    assert account(tmp_path)["drawn"] == 30


@BOTH
@pytest.mark.parametrize("folder", ["real", "images-smote"])
def test_images_of_another_dataset_are_refused(
    tmp_path: Path, inputs: dict[str, Any], run: Run, key: str, folder: str
) -> None:
    del key
    other = {"stage": "prepare", "dataset": "games", "seed": 0, "synthesizer": "smote"}
    write_image_set(tmp_path / folder, read_image_set(tmp_path / folder), other)
    with pytest.raises(ContainerError, match=rf"{folder}/meta\.json: made_by: found dataset games, expected toys\."):
        run(tmp_path, inputs, synthesizer="smote")
    assert not (tmp_path / "merged").exists()


def test_images_of_another_seed_are_refused_where_the_seed_is_known(tmp_path: Path, inputs: dict[str, Any]) -> None:
    old = {"stage": "prepare", "dataset": "toys", "seed": 1}
    write_image_set(tmp_path / "val", read_image_set(tmp_path / "val"), old)
    with pytest.raises(ContainerError, match=r"val/meta\.json: made_by: found seed 1, expected 0"):
        run_merge_auto(tmp_path, inputs, synthesizer="smote")
