"""What stages have to do, counted by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from augment.assessment import sampling
from augment.classifier.classifier_spec import PretrainedSpec
from augment.classifier.unlabelled_spec import FixMatch, SelfTraining
from augment.core.store import write_json
from augment.planning.facts import Facts
from augment.planning.planned import Planned, read_plan
from augment.planning.work import WORK, Effort, Task, efforts
from augment.settings import Settings

from .conftest import KnownMeter

PROJECT = Path(__file__).parents[2]
STAGES: dict[str, Any] = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
COORDINATES = {"dataset": "digits", "synthesizer": "gan", "train_set": "real", "recipe": "plain", "mix": "best"}


@pytest.fixture
def planned(tmp_path: Path) -> list[Planned]:
    """Every stage of the project's graph, each with one set of coordinates."""
    plan = {}
    for name, entry in STAGES.items():
        axes = {axis: COORDINATES[axis] for axis in entry.get("matrix", {})}
        plan[name] = {"stale": True, "parents": [], "axes": axes, "command": entry["cmd"]}
    write_json(tmp_path / "plan.json", plan)
    return read_plan(tmp_path / "plan.json")


def work(
    planned: list[Planned],
    command: str,
    settings: Settings,
    known: Facts,
    usual: float | None = None,
    **coordinates: str,
) -> list[Effort]:
    stage = next(each for each in planned if each.command == command)
    stage = replace(stage, options=stage.options | coordinates)
    return efforts(Task(stage, settings, known, KnownMeter(settings.runtime), usual))


def test_every_costly_stage_is_one_of_the_graph(planned: list[Planned]) -> None:
    assert set(WORK) <= {stage.command for stage in planned}


def test_classifiers_stop_by_themselves_after_some_patience(
    planned: list[Planned], settings: Settings, known: Facts
) -> None:
    (found,) = work(planned, "train-classifier", settings, known)
    # 5 runs of at most 2,000 steps, likely 2.5 × 8 × 25; with each step a 25th of a look at 100 images at 0.1 s.
    assert (found.count, found.likely, found.each_s) == pytest.approx((10_000, 2500, 1.0 + 100 * 0.1 / 25))
    assert found.key == "datasets.digits.classifier.max_steps"


def test_what_earlier_trainings_took_is_known_better_but_no_more_than_the_cap(
    planned: list[Planned], settings: Settings, known: Facts
) -> None:
    assert [each.likely for each in work(planned, "train-classifier", settings, known, usual=700.0)] == [3500]
    assert [each.likely for each in work(planned, "train-classifier", settings, known, usual=9999.0)] == [10_000]


def test_images_go_through_a_frozen_network_once_and_so_many_times_a_run_where_they_change(
    planned: list[Planned], settings: Settings, known: Facts
) -> None:
    block = {"backbone": "pretrained", "pretrained": PretrainedSpec(model="resnet18", views=3)}
    dataset = settings.datasets["digits"]
    frozen = dataset.model_copy(update={"classifier": dataset.classifier.model_copy(update=block)})
    settings = settings.model_copy(update={"datasets": {"digits": frozen}})
    plain, changing = (
        work(planned, "train-classifier", settings, known, recipe=recipe) for recipe in ("plain", "classical")
    )
    # 300 train and 100 val images; a run of 5 draws 3 times as many as there are to learn from, of a tenth of a second.
    assert [each.count for each in (plain[0], changing[0])] == [300 + 100, 5 * 3 * 300 + 100]
    assert plain[0].each_s == pytest.approx(0.1)
    assert plain[0].key == "datasets.digits.classifier.pretrained"
    assert (plain[1].count, plain[1].each_s) == (10_000, 1.0)  # and no look at val that would take time
    (test,) = work(planned, "evaluate", settings, known)
    assert test.count == 200


def test_trials_train_a_classifier_a_share_and_run(planned: list[Planned], settings: Settings, known: Facts) -> None:
    (found,) = work(planned, "merge-auto", settings, known)
    assert (found.count, found.likely, found.key) == (3 * 4 * 2000, 3 * 4 * 500, "auto_mixes.best.shares")


def test_a_gan_is_trained_to_its_last_step_and_looked_at(
    planned: list[Planned], settings: Settings, known: Facts
) -> None:
    steps, looks = work(planned, "train-synthesizer", settings, known)
    assert (steps.count, steps.likely, steps.each_s) == (2000, 2000, 1.0)
    assert steps.key == "datasets.digits.synthesizers.gan.steps"
    # 10 looks, each at 8 batches of 256 to settle and 100 images like val, drawn and judged.
    assert (looks.count, looks.each_s) == pytest.approx((10, (8 * 256 + 100 + 100) * 0.1))


def test_of_several_generators_each_is_trained_and_draws(
    planned: list[Planned], settings: Settings, known: Facts
) -> None:
    digits = settings.datasets["digits"]
    gans = digits.synthesizers | {"gan": digits.synthesizers["gan"].model_copy(update={"generators": 5})}
    several = settings.model_copy(update={"datasets": {"digits": digits.model_copy(update={"synthesizers": gans})}})
    for command in ("train-synthesizer", "synthesize"):
        one, five = (work(planned, command, each, known) for each in (settings, several))
        assert [each.count for each in five] == [5 * each.count for each in one]
    assert [each.parts for each in work(planned, "train-synthesizer", several, known)] == [5, 5]


def test_smote_is_fitted_once(planned: list[Planned], settings: Settings, known: Facts) -> None:
    (found,) = work(planned, "train-synthesizer", settings, known, synthesizer="smote")
    assert (found.count, found.each_s) == pytest.approx((300, 6.0))


def drawn(settings: Settings) -> int:
    return 10 * settings.datasets["digits"].synthesis.per_class


def test_images_are_drawn_for_every_class(planned: list[Planned], settings: Settings, known: Facts) -> None:
    (found,) = work(planned, "synthesize", settings, known)
    assert (found.count, found.key) == (drawn(settings), "datasets.digits.synthesis.per_class")


def test_an_assessment_trains_judges_and_compares(planned: list[Planned], settings: Settings, known: Facts) -> None:
    judge, images, distances = work(planned, "assess", settings, known)
    assert (judge.what, judge.count, judge.likely) == (
        "steps of the judge",
        1172,
        500,
    )  # 250 times 300 images, 64 a step
    assert images.count == 300 + 100 + drawn(settings)
    assert (distances.count, distances.each_s) == pytest.approx(((drawn(settings) + 100) * 300, 0.001))


def test_no_more_distances_are_expected_than_an_assessment_takes(
    planned: list[Planned], settings: Settings, known: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = drawn(settings) + 100  # with val
    monkeypatch.setattr(sampling, "MOST_NUMBERS", compared * 70 * 64)
    assert work(planned, "assess", settings, known)[2].count == compared * 70


def test_the_test_split_is_classified_by_every_run_of_every_arm(
    planned: list[Planned], settings: Settings, known: Facts
) -> None:
    (found,) = work(planned, "evaluate", settings, known)
    assert (found.count, found.key) == (16 * 5 * 200, "seeds")


def test_a_command_of_somebody_else_is_no_work_of_ours(tmp_path: Path) -> None:
    commands = {"mine": "make all", "raw/x.dvc": "", "ours": "python -m augment check"}
    entries = {
        name: {"stale": True, "parents": [], "axes": {}, "command": command} for name, command in commands.items()
    }
    write_json(tmp_path / "plan.json", entries)
    assert [stage.command for stage in read_plan(tmp_path / "plan.json")] == ["", "", "check"]


def test_a_self_training_is_two_trainings(planned: list[Planned], settings: Settings, known: Facts) -> None:
    recipes = settings.arms.recipes
    for method, times in ((SelfTraining(kind="self_training"), 2), (FixMatch(kind="fixmatch"), 1)):
        learning = {"plain": recipes["plain"].model_copy(update={"unlabelled": method})}
        arms = settings.arms.model_copy(update={"recipes": recipes | learning})
        (found,) = work(planned, "train-classifier", settings.model_copy(update={"arms": arms}), known)
        assert (found.count, found.likely) == (times * 10_000, times * 2500)
