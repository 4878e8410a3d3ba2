"""What a step of the classifier's training is made of, worked out by hand: batch, loss, update, choice of the best."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from augment.classifier import building, judging, policies, recipes, training, trials
from augment.classifier.building import build_network
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.mixing import Mixture
from augment.classifier.recipes import Batch, batches
from augment.classifier.training import Score, train_classifier, train_step
from augment.core.endpoints import Blocks
from augment.core.images import ImageSet
from augment.core.seeding import derive_seed
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress

SPEC = ClassifierSpec(width=4, batch_size=20, max_steps=60, eval_every=10, patience=3)
PLAIN = RecipeSpec(transforms="none", sampling="natural")


def recipe_with(**changes: Any) -> RecipeSpec:
    return RecipeSpec.model_validate(PLAIN.model_dump() | changes)


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_step_descends_the_cross_entropy_of_the_mixed_images(depth: int, dropout: float, cpu: Machine) -> None:
    network = build_network((1, 8, 8), 3, SPEC, 0, 0)
    hand, rate, decay = copy.deepcopy(network), 0.01, 0.1
    images, targets = torch.randn(4, 1, 8, 8), torch.tensor([[1.0, 0, 0], [0, 2.0, 0], [0, 0, 1.0], [0.5, 0.5, 0]])
    mixture = Mixture(torch.tensor([1, 0, 3, 2]), torch.tensor([0.9, 0.8, 0.7, 1.0]))
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    rng = torch.Generator().manual_seed(3)
    train_step(network, optimiser, Batch(images, targets, mixture, depth), dropout, rng, cpu)

    def mixed(maps: Tensor) -> Tensor:
        share = mixture.share[:, None, None, None]
        return share * maps + (1 - share) * maps[[1, 0, 3, 2]]

    maps = images
    for number, stage in enumerate(hand.stages):
        maps = stage(mixed(maps) if number == depth else maps)
    features = maps.mean((2, 3))
    if dropout:
        features = features * (torch.rand(features.shape, generator=torch.Generator().manual_seed(3)) >= 0.5) * 2.0
    loss = -(targets * hand.head(features).softmax(1).log()).sum() / 4
    gradients = torch.autograd.grad(loss, [*hand.parameters()])
    assert_close([weight.grad for weight in network.parameters()], [*gradients], rtol=1e-3, atol=1e-5)
    # AdamW's first step goes by the gradient's sign alone, from weights that shrink by rate times decay.
    for weight, old, gradient in zip(network.parameters(), hand.parameters(), gradients, strict=True):
        moved = old * (1 - rate * decay) - rate * gradient / (gradient.abs() + 1e-8)
        clear = gradient.abs() > 1e-4  # elsewhere the sign is the rounding's
        assert_close(weight[clear], moved[clear], rtol=1e-3, atol=1e-5)


def test_gradients_of_the_step_before_are_forgotten(cpu: Machine) -> None:
    network = build_network((1, 8, 8), 3, SPEC, 0, 0)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.0)
    batch = Batch(torch.randn(4, 1, 8, 8), torch.eye(3)[[0, 1, 2, 0]])
    found = []
    for _ in range(2):
        train_step(network, optimiser, batch, 0.0, torch.Generator(), cpu)
        assert network.head.bias.grad is not None
        found.append(network.head.bias.grad.clone())
    assert_close(found[0], found[1])


def test_a_convolution_is_pooled_normalised_and_rectified_in_this_order() -> None:
    for side, first in ((16, [nn.Conv2d, nn.MaxPool2d, nn.BatchNorm2d, nn.ReLU]), (8, [nn.Conv2d, nn.BatchNorm2d])):
        layers = [layer for layer in build_network((1, side, side), 3, SPEC, 0, 0).modules() if not [*layer.children()]]
        assert [type(layer) for layer in layers[: len(first)]] == first


def test_val_scores_are_accuracy_and_mean_cross_entropy() -> None:
    said, known = np.array([[0.5, 0.25, 0.25], [0.8, 0.2, 0.0], [0.5, 0.5, 0.0]], np.float32), np.arange(3)
    score = training._score(said, known, None)
    # What is called impossible counts as a probability of 1e-12.
    losses = [math.log(2), math.log(5), 12 * math.log(10)]
    assert score.accuracy == pytest.approx(1 / 3)
    assert score.loss == pytest.approx(sum(losses) / 3)
    # A cell of the first image, right, and one of the other two, wrong: means of means.
    of_cells = training._score(said, known, Blocks((np.array([0]), np.array([1, 2]))))
    assert (score.endpoint, of_cells.accuracy) == (score.accuracy, score.accuracy)
    assert of_cells.endpoint == 0.5
    assert of_cells.loss == pytest.approx((losses[0] + sum(losses[1:]) / 2) / 2)


def test_the_weights_that_did_best_are_kept_as_they_were_then(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(scores: list[float], steps: int) -> Any:
        left = (Score(value, 1.0, value) for value in scores)
        monkeypatch.setattr(training, "_score", lambda *_: next(left))
        spec = SPEC.model_copy(update={"max_steps": steps})
        return train_classifier(stripes, stripes, spec, PLAIN, 0, 0, cpu, Progress("test", steps))

    whole, half, capped = train([0.5, 0.9, 0.8, 0.8, 0.8], 60), train([0.5, 0.9], 20), train([0.5, 0.9, 0.8], 30)
    assert (whole.best_step, whole.steps, whole.converged, whole.val_accuracy) == (20, 50, True, 0.9)
    assert (half.best_step, half.steps, half.converged) == (20, 20, False)
    assert (capped.best_step, capped.steps, capped.converged) == (20, 30, False)
    kept, expected = whole.network.state_dict(), half.network.state_dict()
    assert all(torch.equal(kept[name], expected[name]) for name in expected)


def test_every_draw_comes_from_a_generator_named_after_its_purpose_seed_and_run(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[tuple[Any, ...]] = []

    def noting(make: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*name: Any) -> Any:
            names.append(name)
            return make(*name)

        return noted

    for module, name in (
        (building, "seeded_init"),
        (training, "torch_generator"),
        (recipes, "torch_generator"),
        (recipes, "numpy_generator"),
    ):
        monkeypatch.setattr(module, name, noting(getattr(module, name)))
    spec = SPEC.model_copy(update={"max_steps": 1})
    train_classifier(stripes, stripes, spec, PLAIN, 7, 3, cpu, Progress("test", 1))
    purposes = ["initialisation", "dropout", "transforms", "noise", "mixing", "batches"]
    assert sorted(names) == sorted((7, "classifier", purpose, 3) for purpose in purposes)


@pytest.mark.parametrize(("mixing", "left"), [("none", False), ("mixup", True), ("cutmix", False)])
def test_a_mixed_batch_has_mixed_targets_and_says_what_is_left_to_mix(
    mixing: str, left: bool, stripes: ImageSet, cpu: Machine
) -> None:
    recipe = recipe_with(mixing=mixing, mixing_alpha=1.0)
    plain, batch = (next(batches(stripes, SPEC, each, 3, 0, 0, cpu)) for each in (PLAIN, recipe))
    assert (batch.mixture is not None, batch.depth) == (left, 0)
    if batch.mixture is not None:
        assert_close(batch.targets, batch.mixture.blend(plain.targets))
    assert torch.equal(batch.images, plain.images) is (mixing != "cutmix")
    assert torch.equal(batch.targets, plain.targets) is (mixing == "none")
    assert_close(batch.targets.sum(1), torch.ones(20))


def test_trials_train_each_run_by_a_seed_that_no_arm_has(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("augment.runtime.progress.LINE_EVERY_S", 0.0)
    calls: list[tuple[int, int]] = []

    def train(*arguments: Any) -> Any:
        calls.append((arguments[4], arguments[5]))
        return train_classifier(*arguments)

    monkeypatch.setattr(trials, "train_classifier", train)
    spec = SPEC.model_copy(update={"max_steps": 1})
    trials.hits_on_val(stripes, stripes, spec, PLAIN, 7, 2, cpu, "share 0.5")
    assert calls == [(derive_seed(7, "classifier", "trials"), run) for run in (0, 1)]
    said = capsys.readouterr().err
    assert "share 0.5 run 1 of 2" in said
    assert "share 0.5 run 2 of 2" in said


def test_a_judge_is_trained_by_its_own_settings(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(judging, "train_classifier", lambda *arguments: calls.append(arguments))
    val = stripes.select(np.arange(5))
    judging.train_judge(stripes, val, 7, judging.SYNTHETIC_RUN, cpu, "judge")
    ((*most, progress),) = calls
    spec = judging.budget(len(stripes), len(val))
    assert most == [stripes, val, spec, judging.RECIPE, 7, 1, cpu]
    assert len(list(progress.steps())) == spec.max_steps


def test_every_operation_but_identity_changes_an_image() -> None:
    images = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(0)) * 0.8 - 0.2  # no white and no black
    one = torch.ones(1)
    for number in range(len(policies.MOVES) + len(policies.PAINTS)):
        changed = policies.operate(images, torch.tensor([number]), one, one)
        assert torch.allclose(changed, images, atol=1e-6) is (number == 0), number


def test_white_stays_within_the_levels_that_are_left() -> None:
    # Seven bits at level 0.25: 128 steps, of which white has the last.
    posterize = 10
    white = policies.operate(torch.ones(1, 1, 8, 8), torch.tensor([posterize]), torch.tensor([0.25]), torch.ones(1))
    assert white.unique().tolist() == [pytest.approx(2 * 127 / 128 - 1)]
