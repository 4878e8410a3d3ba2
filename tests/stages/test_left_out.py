"""What cannot be made goes on, from stage to stage, as the reasons why there is none."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from augment.classifier.backbones.small_cnn import small_cnn
from augment.core.container import read_image_set, write_image_set
from augment.core.errors import LeftOutError
from augment.core.images import ImageSet
from augment.core.store import LEFT_OUT, read_json, require_made, write_left_out
from augment.judge.judge import write_judge
from augment.runtime.runtime_spec import RuntimeSpec
from augment.stages.synthesize import synthesize
from augment.stages.train_judge import train_judge
from augment.stages.train_synthesizer import train_synthesizer
from augment.synthesis.base.drawing_spec import SynthesisSpec
from augment.synthesis.training.checkpoint_spec import CheckpointSpec
from tests.synthesis.trainings import spec_of

CPU = RuntimeSpec(device="cpu", precision="fp32")
HOPELESS = {"kind": "vae", "steps": 6, "network": {"width": 4}, "monitor": {"points": 3}}
PREPARED = {"stage": "prepare", "dataset": "toys", "seed": 0}
HOPELESS |= {"learning_rate": 1e30, "rollbacks": 0}


@pytest.fixture
def paths(tmp_path: Path, stripes: ImageSet) -> dict[str, Path]:
    for name in ("train", "val"):
        write_image_set(tmp_path / name, stripes, PREPARED)
    write_judge(tmp_path / "judge", small_cnn(stripes.shape, 3, width=4).eval(), stripes.classes, stripes.shape, {})
    names = ("train", "val", "unlabelled", "judge", "trained", "samples")
    return {name: tmp_path / name for name in names} | {"history": tmp_path / "h.csv", "checkpoint": tmp_path / "c"}


def run_train(paths: dict[str, Path], **settings: Any) -> None:
    train_synthesizer.carry_out(
        dataset="toys",
        synthesizer="gan",
        spec=spec_of(settings),
        runtime=CPU,
        checkpoints=CheckpointSpec(every_s=1e-9),
        seed=0,
        **paths,
    )


def reasons(folder: Path) -> tuple[str, ...]:
    with pytest.raises(LeftOutError) as found:
        require_made(folder)
    return found.value.reasons


def test_a_training_that_diverges_leaves_the_reason_at_every_output(
    paths: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run_train(paths, **HOPELESS)
    (reason,) = reasons(paths["trained"])
    assert "training diverged before step" in reason
    assert read_json(paths["samples"] / LEFT_OUT) == {"reasons": [reason]}
    assert list(pd.read_csv(paths["history"]).columns) == ["step", "figure", "value"]
    assert not paths["checkpoint"].exists()
    assert (
        f"train_synthesizer toys gan: left out, as it cannot be made of these data:\n{reason}"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("settings", [HOPELESS, {"kind": "smote"}])
def test_without_a_judge_there_is_no_synthesizer(paths: dict[str, Path], settings: dict[str, Any]) -> None:
    write_left_out(paths["judge"], ["the judge diverged"])
    run_train(paths, **settings)
    assert reasons(paths["trained"]) == ("the judge diverged",)


def test_a_class_without_an_image_costs_the_synthesizer_and_no_more(paths: dict[str, Path], stripes: ImageSet) -> None:
    write_image_set(paths["train"], stripes.select((stripes.labels != 1).nonzero()[0]), PREPARED)
    run_train(paths, kind="smote")
    assert reasons(paths["trained"]) == ("train: expected at least 1 image of every class, found 0 of middle",)


def test_nothing_is_drawn_from_a_synthesizer_that_could_not_be_made(tmp_path: Path) -> None:
    write_left_out(tmp_path / "trained", ["it diverged"])
    synthesize.carry_out(
        dataset="toys",
        synthesizer="gan",
        spec=SynthesisSpec(per_class=2),
        runtime=CPU,
        seed=0,
        trained=tmp_path / "trained",
        synthetic=tmp_path / "synthetic",
    )
    with pytest.raises(LeftOutError, match="it diverged"):
        read_image_set(tmp_path / "synthetic")


def test_a_judge_may_be_left_out(tmp_path: Path) -> None:
    write_left_out(tmp_path / "train", ["no images"])
    train_judge.carry_out(
        dataset="toys", runtime=CPU, seed=0, train=tmp_path / "train", val=tmp_path, judge=tmp_path / "judge"
    )
    assert reasons(tmp_path / "judge") == ("no images",)
