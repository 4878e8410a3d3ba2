from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from tests.synthesis.trainings import obedience, spec_of, train


@pytest.mark.parametrize("kind", ["mixture", "smote"])
def test_what_needs_no_training_obeys_at_once(kind: str, stripes: ImageSet, cpu: Machine) -> None:
    trained, grids = train(stripes, cpu, spec_of({"kind": kind}))
    assert list(grids) == [0]
    assert trained.course() == {"best_step": 0, "steps": 0, "rollbacks": 0}
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
    train(stripes, replace(cpu, fabric=fabric), spec_of({"kind": "gan", "steps": 3, "network": {"width": 4}}))
    assert ("progress: test 3/3 step" in capsys.readouterr().err) is first
