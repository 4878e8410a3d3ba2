"""The search: what it begins with, remembers, ends early, and prefers."""

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from augment.classifier.classifier_spec import RecipeSpec
from augment.core.errors import SettingsError, TrainingError
from augment.tuning.goals import Report
from augment.tuning.outcome import as_text, block, chosen, importances, table, write_into, write_picture
from augment.tuning.trials import START, library, open_study, ranking, search, spent, tried

PLAIN = RecipeSpec(transforms="none", sampling="natural")
MILD = RecipeSpec(transforms="mild", sampling="natural")
POINTS = 12


@dataclass
class Toy:
    """The best dropout is 0.5; each value costs ``POINTS`` evaluation points."""

    starts: Mapping[str, RecipeSpec] = field(default_factory=lambda: {"plain": PLAIN, "classical": MILD})
    figure: str = "val_accuracy"
    lowest: bool = False
    floor: float | None = None
    judged: list[RecipeSpec] = field(default_factory=list)
    stop_after: int = 10**9
    other: float | None = None

    def value(self, spec: RecipeSpec, report: Report) -> tuple[float, float | None]:
        """Judge."""
        self.judged.append(spec)
        if len(self.judged) > self.stop_after:
            raise KeyboardInterrupt
        for point in range(1, POINTS + 1):
            report(point, spec.dropout)
        return spec.dropout, self.other


class Clock:
    """A second passes at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Tell the time."""
        self.now += 1.0
        return self.now


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augment.tuning.trials.time", Clock())


def searched(goal: Toy, path: Path, budget: float, sampler: str = "tpe") -> Any:
    study = open_study(goal, path / "journal.log", "toy", sampler, 0)
    search(study, goal, budget)
    return study


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_begins_with_what_there_is_and_finds_better(tmp_path: Path, sampler: str) -> None:
    goal = Toy()
    study = searched(goal, tmp_path, 120, sampler)
    assert goal.judged[:2] == [PLAIN, MILD]
    found = chosen(study, goal)
    assert isinstance(found, RecipeSpec)
    assert found.dropout > 0.3
    assert tried(tmp_path / "journal.log") == len({spec.model_dump_json() for spec in goal.judged})


def test_budget_is_kept_to_one_point_over_all_calls(tmp_path: Path) -> None:
    goal = Toy()
    study = searched(goal, tmp_path, 33)
    assert 33 <= spent(study) <= 34
    before = len(goal.judged)
    assert searched(goal, tmp_path, 33).trials[-1].state.name == "WAITING"
    assert len(goal.judged) == before  # it is spent
    searched(goal, tmp_path, 60)
    assert goal.judged[before] == goal.judged[before - 1]  # what was cut off comes first


def test_interrupted_and_begun_again(tmp_path: Path) -> None:
    goal = Toy(stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        searched(goal, tmp_path, 200)
    again = Toy()
    study = open_study(again, tmp_path / "journal.log", "toy", "tpe", 0)
    assert [trial.user_attrs[START] for trial in ranking(study, again)] == ["plain", "classical"]
    search(study, again, 60)
    assert PLAIN not in again.judged
    assert again.judged[0] == goal.judged[-1]


def test_killed_and_begun_again(tmp_path: Path) -> None:
    goal = Toy()
    study = open_study(goal, tmp_path / "journal.log", "toy", "tpe", 0)
    trial = study.ask()
    trial.suggest_categorical("transforms", ("none", "mild"))  # and dies
    study = searched(goal, tmp_path, 40)
    assert study.trials[0].state.name == "FAIL"
    assert sorted(spec.transforms for spec in goal.judged[:2]) == ["mild", "none"]


def test_what_fails_is_not_chosen(tmp_path: Path) -> None:
    goal = Toy()
    plain = goal.value

    def value(spec: RecipeSpec, report: Report) -> tuple[float, float | None]:
        if spec.dropout > 0.25:
            raise TrainingError("diverged")
        return plain(spec, report)

    goal.value = value  # type: ignore[method-assign]
    study = searched(goal, tmp_path, 100)
    assert all((trial.value or 0.0) <= 0.25 for trial in ranking(study, goal))
    assert "diverged" in {trial.user_attrs.get("error") for trial in study.trials}


def test_the_floor_comes_first(tmp_path: Path) -> None:
    goal = Toy(floor=0.5, other=0.4)
    assert chosen(searched(goal, tmp_path, 60), goal) is None


def test_present_settings_that_are_best_stay(tmp_path: Path) -> None:
    goal = Toy(starts={"plain": RecipeSpec(transforms="none", sampling="natural", dropout=0.9)})
    assert chosen(searched(goal, tmp_path, 60), goal) is None


def test_table_and_picture(tmp_path: Path) -> None:
    goal = Toy()
    study = searched(goal, tmp_path, 120)
    lines = table(study, goal).splitlines()
    assert "test was read by none" in lines[0]
    assert lines[2] == "| trial | val_accuracy ↑ | s | settings |"
    assert any("present: `classical`" in line for line in lines)
    weights = importances(study)
    assert max(weights, key=lambda name: weights[name]) == "dropout"
    write_picture(study, goal, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_a_block_is_put_beside_what_there_is(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    text = (Path(__file__).parents[2] / "params.yaml").read_text()
    params.write_text(text)
    write_into(params, {})
    assert params.read_text() == text
    put = block("recipe", "digits", "plain", MILD, {"recipe": 12})
    write_into(params, put)
    new = params.read_text()
    assert set(text.splitlines()) - set(new.splitlines()) == {"tuned: {}"}
    assert "    tuned_digits:\n      transforms: mild\n      sampling: natural\n" in new
    assert "tuned:\n  digits:\n    recipe: 12\n" in new
    assert as_text(put).startswith("arms:\n  recipes:\n    tuned_digits:\n")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SettingsError, match=r"tune needs optuna, of the extra tune: pip install '\.\[tune\]'"):
        library()
