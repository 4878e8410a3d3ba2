from pathlib import Path

import pytest

from augment.core.errors import ContainerError
from augment.core.records import write_record
from augment.core.store import write_left_out
from augment.evaluation.trainings import Trainings, Untrained, read_trainings

TRAININGS = Trainings(
    accuracy=0.5,
    val_accuracy=(0.5, 0.6, 0.7),
    steps=(10, 20, 30),
    converged=2,
    train_counts=(4, 6),
    synthetic_images=3,
)


def test_what_came_of_an_arm_survives_the_disk(tmp_path: Path) -> None:
    write_record(tmp_path / "metrics.json", TRAININGS)
    assert read_trainings(tmp_path / "metrics.json") == TRAININGS
    assert TRAININGS.cut_off == 1


def test_what_another_stage_left_out_is_an_arm_without_trainings(tmp_path: Path) -> None:
    write_left_out(tmp_path / "metrics.json", ["training diverged", "class 0: 1 image"])
    assert read_trainings(tmp_path / "metrics.json") == Untrained(left_out=("training diverged", "class 0: 1 image"))


@pytest.mark.parametrize("text", ['{"left_out": []}', '{"accuracy": 0.5}', "[]"])
def test_what_is_neither_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(ContainerError, match=r"metrics\.json: "):
        read_trainings(tmp_path / "metrics.json")
