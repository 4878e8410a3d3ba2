"""Recipes that learn from images without labels: their loss, by hand; what is believed; what is refused."""

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from augment.classifier import learning
from augment.classifier.building import build_network
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.fixmatch import Views, consistency, pairs_of_views
from augment.classifier.learning import learn
from augment.classifier.networks import Backbone
from augment.classifier.objective import Objective
from augment.classifier.parts import TRANSFORMS, Origin
from augment.classifier.prediction import predict_probabilities
from augment.classifier.recipes import Batch
from augment.classifier.training import TrainedClassifier, train_classifier, train_step
from augment.classifier.unlabelled_spec import FixMatch
from augment.core.calibration import at_temperature, fit_temperature
from augment.core.cells import count_cells, groups_of
from augment.core.errors import SettingsError
from augment.core.images import PSEUDO_LABELLED, UNLABELLED, ImageSet, concatenate, make_image_set
from augment.core.pseudo_labels import pseudo_labelled
from augment.core.settings_block import parse
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.runtime.seeding import torch_generator
from tests.conftest import striped_images

SPEC = ClassifierSpec(width=4, batch_size=20, max_steps=120, eval_every=10, patience=3)
PLAIN: dict[str, Any] = {"transforms": "none", "sampling": "natural"}


def recipe(**unlabelled: Any) -> RecipeSpec:
    return parse(RecipeSpec, PLAIN | {"unlabelled": unlabelled}, "a recipe")


def told(_: str) -> Progress:
    return Progress("test", SPEC.max_steps, quiet=True)


def believed(
    network: Backbone, pool: ImageSet, val: ImageSet, train: ImageSet, threshold: float, cpu: Machine
) -> ImageSet:
    of_pool, of_val = (predict_probabilities(network, each.images, cpu) for each in (pool, val))
    return pseudo_labelled(pool, of_pool, val, of_val, train, threshold)


def pool_of(count: int = 60, seed: int = 5) -> ImageSet:
    images, labels = striped_images(count, 3, (1, 8, 8), seed)
    return make_image_set(images, np.zeros_like(labels), (UNLABELLED,))


def test_the_loss_of_fixmatch_is_that_of_the_paper() -> None:
    """Equations 3 and 4, number by number: what the weak view is not sure of counts as 0, in the mean as well."""
    weak = torch.log(torch.tensor([[0.96, 0.04], [0.5, 0.5], [0.02, 0.98], [0.06, 0.94]]))
    strong = torch.log(torch.tensor([[0.8, 0.2], [0.1, 0.9], [0.75, 0.25], [0.5, 0.5]]))
    expected = -(math.log(0.8) + math.log(0.25)) / 4
    assert float(consistency(weak, strong, 0.95)) == pytest.approx(expected, rel=1e-5)
    labelled = torch.log(torch.tensor([[0.9, 0.1], [0.3, 0.7]]))
    targets = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    batch = Batch(torch.zeros(2, 1, 8, 8), targets, views=Views(torch.zeros(4, 1, 8, 8), torch.zeros(4, 1, 8, 8)))
    found = Objective(recipe(kind="fixmatch", weight=3.0))(
        torch.cat([labelled, weak, strong]), torch.zeros(10, 5), batch
    )
    assert float(found) == pytest.approx(-(math.log(0.9) + math.log(0.7)) / 2 + 3.0 * expected, rel=1e-5)


def test_a_step_descends_that_loss_and_the_weak_view_gives_no_gradient(cpu: Machine) -> None:
    network = build_network((1, 8, 8), 3, SPEC, 0, 0)
    hand = copy.deepcopy(network)
    images, weak, strong = torch.randn(3, 4, 1, 8, 8).unbind()
    maps = torch.cat([images, weak, strong])  # seen together: batch norm has the statistics of all
    for stage in hand.stages:
        maps = stage(maps)
    seen = hand.head(maps.mean((2, 3))).softmax(1)
    surest, labels = seen[4:8].detach().max(1)
    threshold = float(surest.sort()[0][1:3].mean())  # two of four are believed
    targets = torch.eye(3)[[0, 1, 2, 0]]
    loss: Tensor = -(targets * seen[:4].log()).sum() / 4
    for row in range(4):
        if surest[row] >= threshold:
            loss = loss - 0.5 * seen[8 + row, labels[row]].log() / 4

    views, origin = Views(weak, strong), Origin(torch.zeros(4).long(), torch.zeros(4).long())
    objective = Objective(recipe(kind="fixmatch", threshold=threshold, weight=0.5))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.0)
    batch = Batch(images, targets, origin=origin, views=views)
    train_step(network, optimiser, batch, 0.0, torch.Generator(), cpu, objective)
    gradients = torch.autograd.grad(loss, [*hand.parameters()])
    assert_close([weight.grad for weight in network.parameters()], [*gradients], rtol=1e-3, atol=1e-5)


def test_views_are_of_the_same_images_changed_weakly_and_strongly(cpu: Machine) -> None:
    pool = pool_of(20)
    how = parse(RecipeSpec, PLAIN | {"transforms": "mild", "unlabelled": {"kind": "fixmatch", "ratio": 2}}, "a recipe")
    assert isinstance(how.unlabelled, FixMatch)
    spec = SPEC.model_copy(update={"batch_size": 4})
    made = next(pairs_of_views(pool.images, spec, how, how.unlabelled, 0, 1, cpu))
    order = torch.randperm(20, generator=torch_generator(0, "classifier", "unlabelled", "batches", 1))[:8]
    plain = torch.from_numpy(pool.images[order.numpy()].copy()).float() / 127.5 - 1
    for view, name, purpose in ((made.weak, "mild", "weak"), (made.strong, "rand_augment", "strong")):
        draws = torch_generator(0, "classifier", "unlabelled", purpose, 1)
        assert_close(view, TRANSFORMS[name](plain, draws, False))


def test_what_is_believed_is_sure_at_the_temperature_that_val_says(stripes: ImageSet, cpu: Machine) -> None:
    network, pool = build_network((1, 8, 8), 3, SPEC, 0, 0).eval(), pool_of()
    of_val, of_pool = (predict_probabilities(network, each.images, cpu).astype(np.float64) for each in (stripes, pool))
    temperature = round(fit_temperature(of_val, stripes.labels), 2)
    assert temperature != pytest.approx(1.0, abs=0.1), "it is to matter"
    calibrated = at_temperature(of_pool, temperature)
    threshold = float(np.median(calibrated.max(axis=1)))
    rows = np.flatnonzero(calibrated.max(axis=1) >= threshold)
    found = believed(network, pool, stripes, stripes, threshold, cpu)
    assert len(rows) == 30
    assert found.manifest["content_hash"].tolist() == pool.manifest["content_hash"][rows].tolist()
    assert found.labels.tolist() == calibrated[rows].argmax(axis=1).tolist()
    assert (found.images == pool.images[rows]).all()
    assert (found.classes, set(found.manifest["origin"])) == (stripes.classes, {PSEUDO_LABELLED})


def test_images_that_are_believed_count_once_and_as_no_real_ones(stripes: ImageSet, cpu: Machine) -> None:
    merged = ImageSet(stripes.images, stripes.manifest.assign(weight=0.5, group=["a", "b"] * 30), stripes.classes)
    network = build_network((1, 8, 8), 3, SPEC, 0, 0).eval()
    pool = pool_of()
    both = concatenate(merged, believed(network, pool, stripes, merged, 0.01, cpu))
    assert both.weights.tolist() == [0.5] * 60 + [1.0] * 60
    assert groups_of(both)[60:].tolist() == [""] * 60  # type: ignore[index]
    assert count_cells(both, real=True).counts.sum() == 60
    grouped = ImageSet(pool.images, pool.manifest.assign(group="b"), pool.classes)
    both = concatenate(merged, believed(network, grouped, stripes, merged, 0.01, cpu))
    assert groups_of(both)[60:].tolist() == ["b"] * 60  # type: ignore[index]


def test_self_training_trains_anew_on_both_from_the_same_beginning(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[int, RecipeSpec, int, int]] = []

    def watched(train: ImageSet, *rest: Any, **more: Any) -> TrainedClassifier:
        calls.append((len(train), rest[2], rest[3], rest[4]))
        return train_classifier(train, *rest, **more)

    monkeypatch.setattr(learning, "train_classifier", watched)
    pool = pool_of()
    done = learn(stripes, pool, stripes, SPEC, recipe(kind="self_training", threshold=0.6), 0, 2, cpu, told)
    plain = parse(RecipeSpec, PLAIN, "")
    assert done.believed is not None
    assert done.believed > 0
    assert calls == [(60, plain, 0, 2), (60 + done.believed, plain, 0, 2)]
    teacher = train_classifier(stripes, stripes, SPEC, plain, 0, 2, cpu, told(""))
    student = train_classifier(
        concatenate(stripes, believed(teacher.network, pool, stripes, stripes, 0.6, cpu)),
        *(stripes, SPEC, plain, 0, 2, cpu, told("")),
    )
    assert done.steps == teacher.steps + student.steps
    assert done.best_step == teacher.steps + student.best_step
    assert_close(done.network.state_dict(), student.network.state_dict(), rtol=0, atol=0)


def test_a_teacher_that_is_sure_of_nothing_is_the_result(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "pseudo_labelled", lambda pool, *_: pool.select(np.arange(0)))
    done = learn(stripes, pool_of(), stripes, SPEC, recipe(kind="self_training"), 0, 0, cpu, told)
    teacher = train_classifier(stripes, stripes, SPEC, parse(RecipeSpec, PLAIN, ""), 0, 0, cpu, told(""))
    assert (done.believed, done.steps) == (0, teacher.steps)
    assert_close(done.network.state_dict(), teacher.network.state_dict(), rtol=0, atol=0)


def test_fixmatch_learns_more_of_few_labels_than_they_alone_teach(cpu: Machine) -> None:
    few = make_image_set(*striped_images(3, 3, (1, 8, 8), 0), ["0", "1", "2"])
    val = make_image_set(*striped_images(90, 3, (1, 8, 8), 9), ["0", "1", "2"])
    spec = SPEC.model_copy(update={"patience": 12})
    with_pool = recipe(kind="fixmatch", ratio=2, threshold=0.8, strong="none")
    done = learn(few, pool_of(), val, spec, with_pool, 0, 0, cpu, told)
    assert done.val_accuracy >= learn(few, None, val, spec, parse(RecipeSpec, PLAIN, ""), 0, 0, cpu, told).val_accuracy
    assert done.believed is None


@pytest.mark.parametrize("kind", ["self_training", "fixmatch"])
def test_no_training_without_the_images_passes_for_one_with_them(kind: str, stripes: ImageSet, cpu: Machine) -> None:
    with pytest.raises(SettingsError, match="is for arms: here there are no images without labels"):
        learn(stripes, None, stripes, SPEC, recipe(kind=kind), 0, 0, cpu, told)


def test_settings_say_what_a_recipe_may_not_ask() -> None:
    with pytest.raises(SettingsError, match="mixing: expected none, as unlabelled is fixmatch, found mixup"):
        parse(RecipeSpec, PLAIN | {"mixing": "mixup", "unlabelled": {"kind": "fixmatch"}}, "a recipe")
    with pytest.raises(SettingsError, match="ratio: only kind fixmatch has it, found self_training"):
        recipe(kind="self_training", ratio=3)
    assert "unlabelled" not in parse(RecipeSpec, PLAIN, "").model_dump()
