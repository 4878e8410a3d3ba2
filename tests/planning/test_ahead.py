"""What a dataset would take before it is one: the stages of the graph, and their time."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from augment.planning import ahead
from augment.planning import estimate as module
from augment.planning.outlook import duration
from augment.settings import Settings

from .conftest import PROJECT, KnownMeter


@pytest.fixture
def written(params: dict[str, Any], tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    return tmp_path / "params.yaml"


def in_graph(params: dict[str, Any]) -> Counter[tuple[str, frozenset[tuple[str, str]]]]:
    """Take every stage of the digits, or of no dataset, from dvc.yaml: command and coordinates."""
    found = Counter[tuple[str, frozenset[tuple[str, str]]]]()
    for entry in yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"].values():
        axes = {}
        for axis, source in entry.get("matrix", {}).items():
            value: Any = params
            for key in source.strip("${}").split("."):
                value = value[key]
            axes[axis] = ["digits"] if axis == "dataset" else list(value)
        for values in itertools.product(*axes.values()):
            found[entry["cmd"].split()[3], frozenset(zip(axes, values, strict=True))] += 1
    return found


def test_the_stages_are_those_of_the_graph(settings: Settings, params: dict[str, Any]) -> None:
    made = ahead.stages(settings, "digits", Path("raw/digits"))
    axes = [{name: value for name, value in each.options.items() if name != "raw"} for each in made]
    found = Counter((each.command, frozenset(own.items())) for each, own in zip(made, axes, strict=True))
    assert found == in_graph(params)
    assert len({each.name for each in made}) == len(made)
    assert [each.command for each in made if each.options.get("raw") == "raw/digits"] == ["prepare"]


def test_all_of_them_are_added_up_as_if_one_process_did_them(
    written: Path, tmp_path: Path, params: dict[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Meter", KnownMeter)
    monkeypatch.setattr(module, "processes", lambda *_: 8)
    block = params["datasets"]["digits"]
    (tmp_path / "raw").mkdir()
    light_s, heavy_s = 1.0, 50_000.0  # so long that they show in what is rounded
    said = ahead.cost(written, "toys", block, tmp_path / "raw", light_s, heavy_s)
    alone = settings.model_copy(update={"datasets": {"toys": settings.datasets["digits"]}})
    made = module.estimate(alone, ahead.stages(alone, "toys", tmp_path / "raw"), {}, light_s, heavy_s)
    assert not made.unknown
    starts = sum(heavy_s if each.efforts else light_s for each in made.stages)
    works = [effort for each in made.stages for effort in each.efforts]
    likely, most = (
        starts + sum(getattr(effort, what) * effort.each_s for effort in works) for what in ("likely", "count")
    )
    about, bound = duration(likely), duration(most)
    assert np.unique([about, bound]).size == 2
    assert said.startswith(f"about {about} of processor time on this machine, at most {bound}, for {len(made.stages)} ")


def test_what_cannot_be_estimated_says_why(written: Path, tmp_path: Path, params: dict[str, Any]) -> None:
    block = params["datasets"]["digits"] | {"source": {"kind": "image_folder", "image_size": 8, "mode": "grey"}}
    said = ahead.cost(written, "toys", block, tmp_path / "nowhere", 1.0, 3.0)
    assert said.startswith("not known: toys: cannot be prepared as it is, nor estimated: ")
    unfit = ahead.cost(written, "toys", block | {"split": {"val": 2.5}}, tmp_path, 1.0, 3.0)
    assert unfit.startswith(f"not known: {written} has ")
