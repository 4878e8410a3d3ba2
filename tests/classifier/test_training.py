import pytest
import torch

from augment.classifier.prediction import extract_features, predict_probabilities
from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.classifier.training import Score, Trained, build_network, train_classifier
from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress

SPEC = ClassifierSpec(width=4, batch_size=20, max_steps=200, eval_every=10, patience=3)
PLAIN = RecipeSpec(transforms="none", sampling="natural")


def fit(
    stripes: ImageSet, cpu: Machine, recipe: RecipeSpec = PLAIN, spec: ClassifierSpec = SPEC, run: int = 0
) -> Trained:
    return train_classifier(stripes, stripes, spec, recipe, 0, run, cpu, Progress("test", spec.max_steps))


@pytest.mark.parametrize("transforms", ["none", "mild"])
@pytest.mark.parametrize("sampling", ["natural", "balanced"])
def test_it_learns_stripes_by_every_recipe(stripes: ImageSet, cpu: Machine, transforms: str, sampling: str) -> None:
    recipe = RecipeSpec.model_validate({"transforms": transforms, "sampling": sampling})
    trained = fit(stripes, cpu, recipe)
    probabilities = predict_probabilities(trained.network, stripes.images, cpu)
    assert probabilities.shape == (60, 3)
    assert probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (probabilities.argmax(axis=1) == stripes.labels).mean() == pytest.approx(trained.val_accuracy)
    assert trained.val_accuracy > 0.9
    assert extract_features(trained.network, stripes.images, cpu).shape == (60, 16)


def test_it_stops_when_val_stops_improving(stripes: ImageSet, cpu: Machine) -> None:
    trained = fit(stripes, cpu, spec=SPEC.model_copy(update={"max_steps": 2000}))
    assert trained.converged
    assert trained.steps == trained.best_step + 30
    assert trained.steps < 2000


def test_a_run_that_reaches_the_cap_is_not_called_converged(stripes: ImageSet, cpu: Machine) -> None:
    trained = fit(stripes, cpu, spec=SPEC.model_copy(update={"max_steps": 7}))
    assert not trained.converged
    assert trained.steps == 7


def test_a_run_repeats_itself_and_differs_from_the_next(stripes: ImageSet, cpu: Machine) -> None:
    spec = SPEC.model_copy(update={"max_steps": 10})
    first, again, other = (fit(stripes, cpu, spec=spec, run=run).network.state_dict() for run in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_run_k_starts_from_the_same_weights_in_every_arm() -> None:
    first, second = (build_network((1, 8, 8), 3, SPEC, 0, 4).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("new", "old", "better"),
    [
        (Score(0.9, 2.0), Score(0.8, 1.0), True),
        (Score(0.8, 0.1), Score(0.9, 2.0), False),
        (Score(0.9, 0.5), Score(0.9, 0.6), True),
        (Score(0.9, 0.5999), Score(0.9, 0.6), False),
    ],
)
def test_accuracy_decides_and_cross_entropy_breaks_ties(new: Score, old: Score, better: bool) -> None:
    assert new.improves_on(old) is better
