import json
from pathlib import Path
from typing import Any

import pytest

from augment.core.errors import ContainerError
from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.synthesis.base.files import read_synthesizer, write_synthesizer
from tests.synthesis.trainings import spec_of, train


@pytest.fixture
def folder(stripes: ImageSet, cpu: Machine, tmp_path: Path) -> Path:
    spec = spec_of({"kind": "smote"})
    write_synthesizer(tmp_path / "it", train(stripes, cpu, spec)[0].synthesizer, spec, stripes, {"steps": 0})
    return tmp_path / "it"


def test_the_file_says_what_it_is_of_and_how_it_was_made(folder: Path) -> None:
    assert json.loads((folder / "model.json").read_text()) == {
        "classes": ["low", "middle", "high"],
        "shape": [1, 8, 8],
        "spec": {"kind": "smote", "neighbours": 5},
        "sizes": {"rows": 60},
        "steps": 0,
    }


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "synthesizer.safetensors").unlink()
    with pytest.raises(ContainerError, match=r"synthesizer\.safetensors: expected this file, found none"):
        read_synthesizer(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spec": None}, "expected the settings of a trained synthesizer"),
        ({"spec": {"kind": "diffusion"}}, "expected the settings of a trained synthesizer .*diffusion"),
        ({"spec": {"kind": "smote", "neighbour": 3}}, "neighbour: unknown key"),
        ({"shape": [8, 8]}, "expected the settings of a trained synthesizer"),
        ({"classes": None}, "expected the settings of a trained synthesizer"),
        ({"sizes": {"rows": -1}}, "expected the settings of a trained synthesizer"),
        ({"sizes": {"columns": 3}}, "expected the settings of a trained synthesizer"),
        ({"sizes": {"rows": 59}}, "expected weights of Smote"),
    ],
)
def test_false_settings_are_refused_with_the_folders_name(folder: Path, change: dict[str, Any], message: str) -> None:
    config = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(config | change))
    with pytest.raises(ContainerError, match=rf"it.*{message}"):
        read_synthesizer(folder)
