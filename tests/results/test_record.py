import json
from pathlib import Path
from typing import Any

import pytest

from augment.core.errors import ContainerError
from augment.core.records import read_record, write_record
from augment.results.kinds import Baseline, Missing, Role
from augment.results.record import LeftOut, Result
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import result_of

ARMS = [
    arm("real", "plain", random_hits(0.6, 0), 0.6),
    arm("real", "classical", random_hits(0.8, 1), 0.9),
    arm("merged", "plain", random_hits(0.9, 2), 0.9),
]

DIVERGED = LeftOut(name="vae", missing=Missing.NOT_MADE, reasons=("it diverged",))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_record(tmp_path / "result.json", result_of(ARMS, left_out=[DIVERGED]))
    return tmp_path / "result.json"


def test_a_result_is_read_as_it_was_written(written: Path) -> None:
    found = read_record(Result, written)
    again = written.with_name("again.json")
    write_record(again, found)
    assert again.read_bytes() == written.read_bytes()
    assert found.left_out == (DIVERGED,)


def test_roles_are_a_set_written_in_one_order(written: Path) -> None:
    for one in json.loads(written.read_text())["arms"]:
        assert one["roles"] == [role.value for role in Role if role.value in one["roles"]]
    assert read_record(Result, written).arms[1].roles == {Role.BEST_REAL}


def changed(path: Path, number: int, roles: list[str]) -> None:
    values: dict[str, Any] = json.loads(path.read_text())
    values["arms"][number]["roles"] = roles
    path.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("number", "roles", "message"),
    [
        (0, [], "roles: expected a reference, a best_real and a use, none twice"),
        (0, ["reference", "best_real"], "roles: expected a reference, a best_real and a use, none twice"),
        (0, ["reference, best_real"], r"arms\.0\.roles"),
    ],
)
def test_a_part_is_played_by_one_arm(written: Path, number: int, roles: list[str], message: str) -> None:
    changed(written, number, roles)
    with pytest.raises(ContainerError, match=rf"result\.json: .*{message}"):
        read_record(Result, written)


def test_what_is_left_out_has_a_reason() -> None:
    with pytest.raises(ValueError, match="reasons"):
        LeftOut(name="gan", missing=Missing.NOT_MADE, reasons=())


def test_baselines_worth_a_column_are_no_other_by_a_second_name() -> None:
    assert result_of(ARMS[:1]).baselines == [Baseline.REFERENCE]
    assert result_of([ARMS[0], ARMS[2]]).baselines == [Baseline.REFERENCE]
    assert result_of(ARMS).baselines == [Baseline.REFERENCE, Baseline.BEST_REAL]
    other = arm("merged", "classical", random_hits(0.9, 3), 0.8)
    assert result_of([*ARMS, other]).baselines == [
        Baseline.REFERENCE,
        Baseline.BEST_REAL,
        Baseline.SAME_RECIPE,
    ]
