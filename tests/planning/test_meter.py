from pathlib import Path

import pytest

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.planning import meter
from augment.planning.facts import Facts
from augment.planning.meter import Meter
from augment.runtime.runtime_spec import RuntimeSpec
from augment.settings import Settings
from augment.synthesis.base.iterative_spec import IterativeSpec

PLAIN, BALANCED = (RecipeSpec(transforms="none", sampling=each) for each in ("natural", "balanced"))
SMALL = ClassifierSpec(width=2)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Meter:
    monkeypatch.setattr(meter, "LIMIT_S", 0.02)
    monkeypatch.setattr(meter, "SHORT_LIMIT_S", 0.01)
    return Meter(RuntimeSpec(device="cpu", precision="fp32"))


def test_every_unit_of_work_takes_some_time(measured: Meter, known: Facts, settings: Settings) -> None:
    gan, smote = (settings.datasets["digits"].synthesizers[name] for name in ("gan", "smote"))
    times = {
        "classifier": measured.classifier_step_s(known, SMALL, PLAIN),
        "gan": measured.synthesizer_step_s(known, gan),
        "fit": measured.fitted_image_s(known, smote),
        "draw": measured.drawn_image_s(known, gan),
        "draw of smote": measured.drawn_image_s(known, smote),
        "judge": measured.judged_image_s(known, SMALL),
        "distance": measured.distance_s(known),
    }
    assert {name for name, seconds in times.items() if not 0 < seconds < 5} == set()
    assert isinstance(gan, IterativeSpec)
    assert times["gan"] > times["draw"] * gan.batch_size
    assert 0 < measured.spent_s < 30


@pytest.mark.parametrize("mode", ["frozen", "finetune"])
def test_a_network_that_others_trained_is_measured_too(
    measured: Meter, known: Facts, weights: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = {"model": "tf_efficientnet_lite0", "weights": str(weights), "side": 32, "mode": mode}
    spec = ClassifierSpec.model_validate({"backbone": "pretrained", "pretrained": block, "batch_size": 4})
    # An image takes as long the second time: what is remembered of the first would take none.
    with monkeypatch.context() as patch:
        patch.setattr(meter, "LIMIT_S", 60.0)
        assert measured.judged_image_s(known, spec) > 5e-4
    step_s = measured.classifier_step_s(known, spec, PLAIN)
    assert (step_s < 0.02) == (mode == "frozen")  # its steps are those of a head alone


def test_the_same_is_measured_once(measured: Meter, known: Facts) -> None:
    first = measured.classifier_step_s(known, SMALL, PLAIN)
    spent = measured.spent_s
    longer = SMALL.model_copy(update={"max_steps": 7, "patience": 3})
    assert measured.classifier_step_s(known, longer, PLAIN) == first
    assert measured.spent_s == spent
    measured.classifier_step_s(known, SMALL, BALANCED)
    assert measured.spent_s > spent


def test_where_a_step_is_long_it_is_measured_with_one_recipe(
    measured: Meter, known: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "LIMIT_S", 0.0)
    first = measured.classifier_step_s(known, SMALL, PLAIN)
    spent = measured.spent_s
    assert measured.classifier_step_s(known, SMALL, BALANCED) == first
    assert measured.spent_s == spent


def test_a_training_of_few_steps_is_measured_as_one_of_many(measured: Meter, known: Facts, settings: Settings) -> None:
    gan = settings.datasets["digits"].synthesizers["gan"]
    short = gan.model_copy(update={"steps": 1})
    assert measured.synthesizer_step_s(known, short) == measured.synthesizer_step_s(known, gan) > 0
