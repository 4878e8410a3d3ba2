"""Every kind of synthesizer, from its settings to its file and back."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from augment.core.errors import ContainerError
from augment.core.images import ImageSet
from augment.core.specs import parse
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.files import read_synthesizer, write_synthesizer
from augment.synthesis.sampling import sample
from augment.synthesis.specs import SynthesizerSpec
from tests.synthesis.trainings import obedience, train

KINDS: dict[str, dict[str, Any]] = {
    "gan": {"steps": 3, "network": {"width": 4}},
    "vae": {"steps": 3, "network": {"width": 4}},
    "mixture": {"components": 5, "gaussians": 2},
    "smote": {},
    "jitter": {"pixel_noise": 2.0},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_draws_what_was_written(kind: str, stripes: ImageSet, cpu: Machine, tmp_path: Path) -> None:
    spec: SynthesizerSpec = parse(TypeAdapter(SynthesizerSpec), KINDS[kind] | {"kind": kind}, "here")
    trained, grids = train(stripes, cpu, spec)
    assert grids
    assert set(trained.history["figure"]) > {"frechet_joint_distance"} or kind not in ("gan", "vae")
    write_synthesizer(tmp_path / "it", trained, stripes, spec, cpu)
    again, classes = read_synthesizer(tmp_path / "it")
    assert classes == stripes.classes
    labels = np.arange(12) % 3
    before, after = (sample(each, labels, torch_generator(0, "x"), cpu) for each in (trained.synthesizer, again))
    assert np.array_equal(before, after)


@pytest.mark.parametrize("kind", ["mixture", "smote"])
def test_what_needs_no_training_obeys_at_once(kind: str, stripes: ImageSet, cpu: Machine) -> None:
    spec: SynthesizerSpec = parse(TypeAdapter(SynthesizerSpec), KINDS[kind] | {"kind": kind}, "here")
    trained, grids = train(stripes, cpu, spec)
    assert list(grids) == [0]
    assert obedience(trained.synthesizer, cpu) > 0.9


@pytest.mark.parametrize("first", [True, False])
def test_of_processes_that_train_together_one_reports(
    stripes: ImageSet,
    cpu: Machine,
    first: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("augment.runtime.progress.LINE_EVERY_S", 0.0)
    fabric: Any = SimpleNamespace(is_global_zero=first, world_size=1, global_rank=0, autocast=nullcontext)
    spec: SynthesizerSpec = parse(TypeAdapter(SynthesizerSpec), KINDS["gan"] | {"kind": "gan"}, "here")
    train(stripes, replace(cpu, fabric=fabric), spec)
    assert ("progress: test 3/3 step" in capsys.readouterr().err) is first


def test_a_broken_file_is_named(stripes: ImageSet, cpu: Machine, tmp_path: Path) -> None:
    spec: SynthesizerSpec = parse(TypeAdapter(SynthesizerSpec), {"kind": "smote"}, "here")
    write_synthesizer(tmp_path / "it", train(stripes, cpu, spec)[0], stripes, spec, cpu)
    (tmp_path / "it" / "synthesizer.safetensors").unlink()
    with pytest.raises(ContainerError, match=r"synthesizer\.safetensors: expected this file, found none"):
        read_synthesizer(tmp_path / "it")
