from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from augment.classifier import training
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.networks import Backbone
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import Score, TrainedClassifier, dropped, train_classifier
from augment.core.errors import TrainingError
from augment.core.images import ImageSet, concatenate, make_image_set
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress

SPEC = ClassifierSpec(width=4, batch_size=20, max_steps=200, eval_every=10, patience=3)
PLAIN = RecipeSpec(transforms="none", sampling="natural")


def fit(
    stripes: ImageSet, cpu: Machine, recipe: RecipeSpec = PLAIN, spec: ClassifierSpec = SPEC, run: int = 0
) -> TrainedClassifier:
    return train_classifier(stripes, stripes, spec, recipe, 0, run, cpu, Progress("test", spec.max_steps))


RECIPES = [
    {},
    {"transforms": "mild"},
    {"sampling": "balanced"},
    {"mixing": "mixup", "mixing_alpha": 0.2},
    {"mixing": "cutmix", "mixing_alpha": 0.2},
    {"mixing": "manifold_mixup", "mixing_alpha": 0.2},
    {"loss": "class_weighted"},
    {"noise": 10.0, "dropout": 0.2, "weight_decay": 0.1},
]
"""Each beyond plain; strong transforms move a stripe as far as the next class."""


def recipe_with(changes: dict[str, Any]) -> RecipeSpec:
    return RecipeSpec.model_validate(PLAIN.model_dump() | changes)


@pytest.mark.parametrize("changes", RECIPES)
def test_it_learns_stripes_by_every_recipe(stripes: ImageSet, cpu: Machine, changes: dict[str, Any]) -> None:
    trained = fit(stripes, cpu, recipe_with(changes))
    probabilities = predict_probabilities(trained.network, stripes.images, cpu)
    assert probabilities.shape == (60, 3)
    assert probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (probabilities.argmax(axis=1) == stripes.labels).mean() == pytest.approx(trained.val_accuracy)
    assert trained.val_accuracy > 0.9


def test_it_stops_when_val_stops_improving(stripes: ImageSet, cpu: Machine) -> None:
    trained = fit(stripes, cpu, spec=SPEC.model_copy(update={"max_steps": 2000}))
    assert trained.converged
    assert trained.steps == trained.best_step + 30
    assert trained.steps < 2000


def test_a_run_that_reaches_the_cap_is_not_called_converged(stripes: ImageSet, cpu: Machine) -> None:
    trained = fit(stripes, cpu, spec=SPEC.model_copy(update={"max_steps": 7}))
    assert not trained.converged
    assert trained.steps == 7


@pytest.mark.parametrize("rate", [400.0, 1e6])  # by the second look, and by the first
def test_a_training_that_diverges_says_so(stripes: ImageSet, cpu: Machine, rate: float) -> None:
    expected = r"^training diverged: after \d+ steps val's cross-entropy is not finite; lower classifier\.learning_rate"
    with pytest.raises(TrainingError, match=rf"{expected} \(found {rate}\)$"):
        fit(stripes, cpu, spec=SPEC.model_copy(update={"learning_rate": rate, "patience": 50}))


def test_a_run_repeats_itself_and_differs_from_the_next(stripes: ImageSet, cpu: Machine) -> None:
    spec = SPEC.model_copy(update={"max_steps": 10})
    first, again, other = (fit(stripes, cpu, spec=spec, run=run).network.state_dict() for run in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


@pytest.mark.parametrize(
    "changes",
    [change for change in RECIPES if change]
    + [{"transforms": name} for name in ("strong", "trivial_augment", "rand_augment")],
)
def test_a_recipe_changes_the_training_repeatably_and_leaves_torchs_generator_alone(
    stripes: ImageSet, cpu: Machine, changes: dict[str, Any]
) -> None:
    lopsided = stripes.select(np.flatnonzero((stripes.labels != 2) | (np.arange(60) < 12)))
    before = torch.random.get_rng_state()
    spec = SPEC.model_copy(update={"max_steps": 4})
    first, again, plain = (
        fit(lopsided, cpu, recipe, spec).network.state_dict()["head.weight"]
        for recipe in (recipe_with(changes), recipe_with(changes), PLAIN)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, plain)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_rows_of_little_weight_are_hardly_heard(stripes: ImageSet, cpu: Machine) -> None:
    wrong = make_image_set(stripes.images, (stripes.labels + 1) % 3, stripes.classes, generator_seed=1)
    both = concatenate(stripes, wrong)

    def accuracy(weight: float) -> float:
        manifest = both.manifest.assign(weight=np.repeat([1.0, weight], 60))
        return train_classifier(
            replace(both, manifest=manifest), stripes, SPEC, PLAIN, 0, 0, cpu, Progress("test", SPEC.max_steps)
        ).val_accuracy

    assert accuracy(0.05) > 0.9
    assert accuracy(20.0) < 0.5


def test_dropout_keeps_the_mean_and_drops_the_share() -> None:
    features = torch.ones(100, 200)
    left = dropped(features, 0.3, torch.Generator().manual_seed(0))
    assert (left == 0).float().mean() == pytest.approx(0.3, abs=0.01)
    assert left.unique().tolist() == pytest.approx([0.0, 1 / 0.7])


def test_run_k_starts_from_the_same_weights_in_every_arm(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[torch.Tensor] = []

    def record(network: Backbone, *_: object) -> None:
        starts.append(torch.cat([weight.detach().flatten() for weight in network.parameters()]))

    monkeypatch.setattr(training, "train_step", record)
    once = SPEC.model_copy(update={"max_steps": 1})
    other_arm = recipe_with({"transforms": "mild", "sampling": "balanced", "dropout": 0.2})
    fit(stripes, cpu, PLAIN, once, run=4)
    fit(stripes.select(np.arange(30)), cpu, other_arm, once, run=4)
    fit(stripes, cpu, PLAIN, once, run=5)
    first, same, next_run = starts
    assert torch.equal(first, same)
    assert not torch.equal(first, next_run)


@pytest.mark.parametrize(
    ("new", "old", "better"),
    [
        (Score(0.9, 2.0, 0.9), Score(0.8, 1.0, 0.8), True),
        (Score(0.8, 0.1, 0.8), Score(0.9, 2.0, 0.9), False),
        (Score(0.9, 0.5, 0.9), Score(0.9, 0.6, 0.9), True),
        (Score(0.9, 0.5999, 0.9), Score(0.9, 0.6, 0.9), False),
    ],
)
def test_accuracy_decides_and_cross_entropy_breaks_ties(new: Score, old: Score, better: bool) -> None:
    assert new.improves_on(old) is better
