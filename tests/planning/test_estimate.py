import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augment.core.errors import ContainerError
from augment.core.store import read_json, write_json
from augment.planning import estimate as module
from augment.planning.estimate import Estimate, StageEstimate, command, estimate, told, usual_steps
from augment.planning.facts import Facts
from augment.planning.planned import Planned, read_plan
from augment.planning.work import Effort
from augment.settings import Settings

from .conftest import KnownMeter

PREPARE = "python -m augment prepare --stage $DVC_STAGE --raw 'raw/{dataset}' --train a --val b --test c"
TRAIN = "python -m augment train-classifier --stage $DVC_STAGE --train a --val b --classifier c"


def stage(
    name: str, *parents: str, seconds: float = 0.0, start_s: float = 1.0, dataset: str = "", parts: int = 1
) -> StageEstimate:
    planned = Planned(name, parents, True, "x", {"dataset": dataset} if dataset else {})
    effort = Effort("steps of gan", "datasets.toys.synthesizers.gan.steps", 2000, 1000, seconds / 1000, parts)
    return StageEstimate(planned, start_s, (effort,) if seconds else ())


def run(*stages: StageEstimate, processes: int = 2, jobs: int = 2, side: int = 8) -> Estimate:
    known = {"toys": Facts((3, side, side), np.full(3, 10), 12, 18)}
    return Estimate(stages, len(stages) + 4, known, (), processes, jobs)


def test_seconds_are_those_of_start_and_work() -> None:
    each = stage("a", seconds=10.0)
    assert (each.likely_s(4), each.most_s(4)) == (11.0, 21.0)


@pytest.mark.parametrize(("processes", "seconds"), [(1, 11.0), (2, 7.0), (4, 5.0), (5, 3.0), (8, 3.0)])
def test_equal_parts_are_shared_out_whole(processes: int, seconds: float) -> None:
    each = stage("a", seconds=10.0, parts=5)
    assert (each.likely_s(processes), each.most_s(processes)) == (seconds, 2 * seconds - 1)


def test_stages_side_by_side_have_a_process_each() -> None:
    both = run(stage("a", seconds=10.0, parts=5), stage("b", seconds=10.0, parts=5))
    assert (both.likely_s, both.side_by_side_s) == (14.0, 11.0)


def test_side_by_side_the_work_is_shared_out_but_a_way_is_as_long_as_its_stages() -> None:
    wide = run(stage("a", seconds=9.0), stage("b", seconds=9.0), stage("c", seconds=9.0), stage("d", seconds=9.0))
    assert (wide.likely_s, wide.side_by_side_s) == (40.0, 20.0)
    long = run(stage("a", seconds=9.0), stage("b", "a", "elsewhere", seconds=19.0), stage("c", "a"))
    assert (long.likely_s, long.side_by_side_s) == (31.0, 30.0)


def test_what_is_kept_is_what_stages_tell_the_outlook_by() -> None:
    kept = run(stage("a"), stage("b", "a", seconds=9.0)).to_json()
    assert kept["stages"] == {"a": {"seconds": 1.0, "parents": []}, "b": {"seconds": 10.0, "parents": ["a"]}}
    assert kept["begun"].endswith("+00:00")


def test_a_short_run_is_told_in_one_table(settings: Settings) -> None:
    lines = told(run(stage("fit@toys-x", seconds=120.0, dataset="toys"), stage("fit@toys-y"), stage("end")), settings)
    assert lines[0] == "3 of 7 stages are to run; what DVC has in its cache takes seconds instead."
    assert lines[1] == "  toys: 3 classes of 3×8×8 pixels, about 30 train, 12 val, 18 test images; about 2 min"
    assert lines[2] == "  arms: 4 training sets × 4 recipes, 5 classifiers each"
    table = [line.split() for line in lines[4:7]]
    assert table[0] == ["stage", "number", "about", "at", "most"]
    assert table[1] == ["fit", "2", "2", "min", "4", "min"]
    assert table[2] == ["end", "1", "5", "s", "5", "s"]
    assert lines[8].startswith("About 2 min on this machine if it has nothing else to do, one stage after the other; ")
    assert "; about 2 min with 2 side by side (make flow). " in lines[8]
    assert "At most 4 min: trainings stop by themselves" in lines[8]
    assert "longest" not in "\n".join(lines)


def test_a_long_run_is_told_with_what_to_change(settings: Settings) -> None:
    lines = told(run(stage("fit@toys-x", seconds=36_000.0, dataset="toys"), side=128), settings)
    advice = lines[lines.index("What takes longest, and the setting to lower:") + 1 :]
    assert advice[0] == "  10 h: 1,000 steps of gan of 36 s; datasets.toys.synthesizers.gan.steps"
    assert advice[1] == "  Images of half the side take a quarter of it all: datasets.toys.source.image_size"
    assert advice[2] == "  A first answer in a fraction of the time: make quick"


def test_nothing_to_do_is_one_line(settings: Settings) -> None:
    assert told(run(), settings) == ["Nothing to do: all 4 stages are up to date."]


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ({"fit@a-x": {"trainings": 2, "steps": 900}, "fit@a-y": {"trainings": 1, "steps": 1}}, 450.0),
        ({"fit@a-y": {"trainings": 2, "steps": 900}, "fit@a-z": {"trainings": 1, "steps": 300}}, 400.0),
        ({"fit@a-x": {}, "other@a": {"trainings": 2, "steps": 900}}, None),
    ],
)
def test_trainings_stop_as_those_of_this_stage_did_or_those_of_its_kind(
    notes: dict[str, Any], expected: float | None
) -> None:
    assert usual_steps(Planned("fit@a-x", (), True, "x", {}), notes) == expected


def entry(text: str, dataset: str, *, stale: bool = True, parents: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "stale": stale,
        "parents": list(parents),
        "axes": {"dataset": dataset, "train_set": "real", "recipe": "plain"},
        "command": text,
    }


def test_stale_stages_are_measured_and_the_others_are_not(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Meter", KnownMeter)
    plan = {
        "prepare@digits": entry(PREPARE, "digits", stale=False),
        "train_classifier@digits": entry(TRAIN, "digits", parents=("prepare@digits",)),
        "theirs": entry("make it", ""),
    }
    write_json(tmp_path / "plan.json", plan)
    made = estimate(settings, read_plan(tmp_path / "plan.json"), {})
    (only,) = made.stages
    assert (only.stage.name, made.total, made.unknown) == ("train_classifier@digits", 3, ())
    # 5 runs of likely 500 steps of a second, and a 25th of a look at 270 images at 0.1 s with each.
    assert only.likely_s(1) - only.start_s == pytest.approx(5 * 500 * (1 + 270 * 0.1 / 25))


def test_a_dataset_that_is_not_there_is_named_and_costs_no_other_its_estimate(
    params: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "Meter", KnownMeter)
    source = {"kind": "image_folder", "image_size": 16, "mode": "rgb"}
    params["datasets"]["pets"] = params["datasets"]["digits"] | {"source": source}
    plan = {f"prepare@{name}": entry(PREPARE, name) for name in ("pets", "digits")}
    plan |= {f"train_classifier@{name}": entry(TRAIN, name) for name in ("pets", "digits")}
    write_json(tmp_path / "plan.json", plan)
    (tmp_path / "costs").mkdir()
    (tmp_path / "costs" / "broken.json").write_text("{")
    command(Settings(**params), tmp_path / "plan.json", tmp_path / "costs", tmp_path / "estimate.json", 0.5)
    said = capsys.readouterr().out
    assert (
        said.count("pets: cannot be prepared as it is, nor estimated: raw/pets: expected one folder of images a class")
        == 1
    )
    seconds = {name: each["seconds"] for name, each in read_json(tmp_path / "estimate.json")["stages"].items()}
    assert seconds["prepare@pets"] == seconds["prepare@digits"] == seconds["train_classifier@pets"] == 0.5
    assert seconds["train_classifier@digits"] > 1000


@pytest.mark.parametrize("content", [{"a": 1}, {"a": {"stale": True}}, {"a": {"command": 3}}])
def test_what_is_no_plan_is_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(content))
    with pytest.raises(ContainerError, match=r"plan\.json: expected what `python -m pipelines plan` prints"):
        read_plan(tmp_path / "plan.json")
