"""Networks that others trained: what is computed, what is trained, and what is kept."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from augment.classifier.building import build_backbone, build_network
from augment.classifier.classifier_spec import ClassifierSpec, PretrainedSpec, RecipeSpec
from augment.classifier.files import COMMON, read_classifiers, write_classifiers
from augment.classifier.memory import MEMORY
from augment.classifier.networks import Backbone
from augment.classifier.prediction import predict_probabilities
from augment.classifier.pretrained import Finetuned, Frozen, Inputs, Trunk
from augment.classifier.training import TrainedClassifier, train_classifier
from augment.core.errors import SettingsError
from augment.core.images import ImageSet
from augment.core.settings_block import parse
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from tests.classifier.test_training import RECIPES, recipe_with

PLAIN = recipe_with({})


def spec_of(weights: Path, **pretrained: Any) -> ClassifierSpec:
    steps = {"batch_size": 20, "max_steps": 150, "eval_every": 10, "patience": 5}
    block = {"model": "tf_efficientnet_lite0", "weights": str(weights), "side": 32, **pretrained}
    return ClassifierSpec.model_validate({"backbone": "pretrained", "pretrained": block, **steps})


def fit(
    images: ImageSet, where: Machine, spec: ClassifierSpec, recipe: RecipeSpec = PLAIN, run: int = 0
) -> TrainedClassifier:
    return train_classifier(images, images, spec, recipe, 0, run, where, Progress("", spec.max_steps, quiet=True))


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the images that go through any trunk."""
    seen: list[int] = []
    forward = Trunk.forward

    def watched(trunk: Trunk, maps: torch.Tensor) -> torch.Tensor:
        seen.append(len(maps))
        return forward(trunk, maps)

    with monkeypatch.context() as patch:
        patch.setattr(Trunk, "forward", watched)
        yield seen


@pytest.mark.parametrize(
    "changes", [*RECIPES, {"transforms": "mild", "sampling": "balanced_cells", "loss": "group_dro"}]
)
def test_a_head_on_frozen_features_learns_by_every_recipe(
    stripes: ImageSet, cpu: Machine, weights: Path, changes: dict[str, Any]
) -> None:
    trained = fit(stripes, cpu, spec_of(weights), recipe_with(changes))
    said = predict_probabilities(trained.network, stripes.images, cpu)
    assert (said.argmax(1) == stripes.labels).mean() == pytest.approx(trained.val_accuracy)
    assert trained.val_accuracy > 0.6


def test_features_are_computed_once_for_all_runs_and_predictions(
    stripes: ImageSet, cpu: Machine, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted(monkeypatch) as seen:
        for run in range(2):
            predict_probabilities(fit(stripes, cpu, spec_of(weights), run=run).network, stripes.images, cpu)
    assert sum(seen) == 60


def test_an_image_that_changes_at_random_has_so_many_views_a_run(
    stripes: ImageSet, cpu: Machine, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted(monkeypatch) as seen:
        for run in range(2):
            fit(stripes, cpu, spec_of(weights, views=3), recipe_with({"transforms": "mild"}), run)
    assert sum(seen) == 60 + 2 * 3 * 60


@pytest.mark.parametrize("changes", [{}, {"transforms": "mild", "mixing": "cutmix"}])
def test_a_frozen_trunk_stays_as_it_was(
    stripes: ImageSet, cpu: Machine, weights: Path, changes: dict[str, Any]
) -> None:
    spec = spec_of(weights)
    before = build_network(stripes.shape, 3, spec, 0, 0)
    after = fit(stripes, cpu, spec, recipe_with(changes)).network
    assert isinstance(before, Frozen)
    theirs = load_file(weights)
    assert all(torch.equal(kept, theirs[name]) for name, kept in before.trunk.state_dict().items())
    assert_equal_weights(before.stages, after.stages)
    assert not torch.equal(before.head.weight, after.head.weight)
    assert not after.training


def test_fine_tuning_trains_all_of_it(stripes: ImageSet, cpu: Machine, weights: Path) -> None:
    spec = spec_of(weights, mode="finetune", trunk_rate=1.0).model_copy(update={"max_steps": 20})
    before, trained = build_network(stripes.shape, 3, spec, 0, 0), fit(stripes, cpu, spec)
    assert trained.val_accuracy > 0.5
    moved = {name for name, weight in before.named_parameters() if not torch.equal(weight, weight_of(trained, name))}
    assert moved == {name for name, _ in before.named_parameters()}


def weight_of(trained: TrainedClassifier, name: str) -> torch.Tensor:
    return trained.network.get_parameter(name)


def test_lower_layers_learn_more_slowly(weights: Path) -> None:
    spec = spec_of(weights, mode="finetune", trunk_rate=0.5, layer_decay=0.9)
    network = build_backbone((1, 8, 8), 3, spec)
    groups = network.rates(0.01, 0.1)
    rates = {id(weight): group["lr"] for group in groups for weight in group["params"]}
    assert set(rates) == {id(weight) for weight in network.parameters()}
    assert isinstance(network, Finetuned)
    trunk: Any = network.trunk
    ordered = [rates[id(part)] for part in (network.head.weight, trunk.conv_head.weight, trunk.conv_stem.weight)]
    assert ordered[0] == 0.01
    assert ordered[1] == pytest.approx(0.005)
    assert ordered[2] == pytest.approx(min(rates.values()))
    assert ordered[2] < 0.002
    ones = {id(w) for group in groups[:-1] for w in group["params"] if group["weight_decay"] == 0.0}
    assert ones == {id(weight) for weight in trunk.parameters() if weight.ndim == 1}


@pytest.mark.parametrize("mode", ["frozen", "finetune"])
def test_a_run_repeats_itself_and_differs_from_the_next(
    stripes: ImageSet, cpu: Machine, weights: Path, mode: str
) -> None:
    spec = spec_of(weights, mode=mode).model_copy(update={"max_steps": 2})
    recipe, states = recipe_with({"transforms": "mild", "mixing": "mixup"}), []
    for run in (0, 0, 1):
        MEMORY.forget()
        states.append(copy.deepcopy(fit(stripes, cpu, spec, recipe, run).network.state_dict()))
    first, again, other = states
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


@pytest.mark.parametrize("mode", ["frozen", "finetune"])
def test_trained_ones_survive_the_disk_without_the_file_of_weights(
    stripes: ImageSet, cpu: Machine, weights: Path, mode: str, tmp_path: Path
) -> None:
    mine = tmp_path / weights.name
    mine.write_bytes(weights.read_bytes())
    spec = spec_of(mine, mode=mode).model_copy(update={"max_steps": 1})
    runs = [fit(stripes, cpu, spec, run=run) for run in range(2)]
    write_classifiers(tmp_path / "arm", runs, stripes, spec, cpu, {})
    mine.unlink()
    found = read_classifiers(tmp_path / "arm", stripes.classes, stripes.shape, {})
    for written, read in zip(runs, found, strict=True):
        MEMORY.forget()
        expected = predict_probabilities(written.network, stripes.images, cpu)
        MEMORY.forget()
        assert np.array_equal(predict_probabilities(read.network, stripes.images, cpu), expected)


def test_a_frozen_trunk_is_written_once_and_read_once(
    stripes: ImageSet, cpu: Machine, weights: Path, tmp_path: Path
) -> None:
    spec = spec_of(weights)
    runs = [TrainedClassifier(build_network(stripes.shape, 3, spec, 0, run), 1, 1, True, 0.5) for run in range(3)]
    write_classifiers(tmp_path / "arm", runs, stripes, spec, cpu, {})
    sizes = {file.stem: file.stat().st_size for file in (tmp_path / "arm").glob("*.safetensors")}
    assert sizes[COMMON] > 10_000_000
    assert all(sizes[f"run_{run}"] < 20_000 for run in range(3))
    found = read_classifiers(tmp_path / "arm", stripes.classes, stripes.shape, {})
    assert len({id(run.network.stages) for run in found}) == 1


def test_what_is_remembered_is_of_the_very_weights_and_image(weights: Path) -> None:
    spec, images = spec_of(weights), torch.rand(5, 1, 8, 8)[[0, 1, 2, 1, 3]]
    drawn, begun = build_backbone((1, 8, 8), 3, spec).eval(), build_network((1, 8, 8), 3, spec, 0, 0).eval()
    with torch.no_grad():
        for network in (drawn, begun, drawn, begun):
            for some in (images, images[[3, 0]]):
                assert_close(network.recall(some), network.features(some), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(drawn.recall(images), begun.recall(images), atol=0.1)


def test_arms_that_are_read_one_by_one_compute_features_once(
    stripes: ImageSet, cpu: Machine, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of(weights)
    for arm in ("one", "other"):
        runs = [TrainedClassifier(build_network(stripes.shape, 3, spec, 0, run), 1, 1, True, 0.5) for run in range(2)]
        write_classifiers(tmp_path / arm, runs, stripes, spec, cpu, {})
    with counted(monkeypatch) as seen:
        for arm in ("one", "other"):
            for run in read_classifiers(tmp_path / arm, stripes.classes, stripes.shape, {}):
                predict_probabilities(run.network, stripes.images, cpu)
    assert sum(seen) == 60


def test_images_are_made_what_the_trunk_was_trained_on() -> None:
    inputs = Inputs(4, mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 2.0), interpolation="bicubic")
    white, black = inputs(torch.stack([torch.ones(1, 2, 2), -torch.ones(1, 2, 2)]))
    # (1 - mean) / std and (0 - mean) / std, channel by channel
    assert_close(white[:, 0, 0], torch.tensor([1.0, 3.0, 0.5]))
    assert_close(black[:, 3, 3], torch.tensor([-1.0, -1.0, 0.0]))
    as_it_is = torch.rand(1, 3, 4, 4) * 2 - 1
    colours = (as_it_is / 2 + 0.5 - torch.tensor([0.5, 0.25, 0.0]).view(3, 1, 1)) / inputs.std
    assert_close(inputs(as_it_is), colours)


def test_large_images_are_averaged_not_picked_from() -> None:
    inputs = Inputs(4, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear")
    # Two lines of sixteen are white, just those in the middle of what becomes a pixel.
    lines = torch.isin(torch.arange(64) % 16, torch.tensor([7, 8])).float() * 2.0 - 1.0
    assert inputs(lines.expand(1, 3, 64, 64)).max() < -0.3


def test_the_side_is_that_of_the_weights_unless_another_is_asked_for(weights: Path) -> None:
    sides = []
    for side in (None, 96):
        network = build_backbone((1, 8, 8), 2, spec_of(weights, side=side))
        inputs = network.stages[0]
        assert isinstance(inputs, Inputs)
        sides.append(inputs.side)
    assert sides == [224, 96]


def test_a_trunk_of_one_size_alone_is_built_for_the_side() -> None:
    network = Frozen(PretrainedSpec(model="test_vit", side=64), 3).eval()
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 3)


def test_default_settings_say_nothing_of_it() -> None:
    # What a default classifier was made with is what it was made with before there were others.
    assert "pretrained" not in ClassifierSpec().model_dump()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backbone": "pretrained"}, "pretrained: backbone pretrained needs it; expected a block"),
        ({"pretrained": {"model": "resnet18"}}, "pretrained: only backbone pretrained has it, found small_cnn"),
        (
            {"backbone": "pretrained", "pretrained": {"model": "resnet18", "trunk_rate": 0.5}},
            "trunk_rate: only mode finetune has it, found frozen",
        ),
        (
            {"backbone": "pretrained", "pretrained": {"model": "resnet18", "mode": "finetune", "views": 2}},
            "views: only mode frozen has it, found finetune",
        ),
        (
            {"backbone": "pretrained", "pretrained": {"model": "resnet18", "weights": "my.pth"}},
            r"weights: expected safetensors whose name ends in .* e\.g\. my-57934424\.safetensors .*found 'my\.pth'",
        ),
    ],
)
def test_settings_that_no_one_would_hear_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse(ClassifierSpec, changes, "params.yaml")


def assert_equal_weights(one: torch.nn.Module, other: torch.nn.Module) -> None:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    assert all(name == same and torch.equal(weight, kept) for (name, weight), (same, kept) in pairs)


def test_what_has_no_common_part_is_its_own(stripes: ImageSet) -> None:
    network: Backbone = build_backbone(stripes.shape, 3, ClassifierSpec(width=4))
    assert network.common is None
    assert network.own is network
