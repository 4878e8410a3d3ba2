import json
from pathlib import Path

import pytest

from augment.core.errors import ContainerError
from augment.core.records import Number, Record, read_record, write_record


class Point(Record):
    """A record to try."""

    name: str
    x: Number
    of: tuple[int, ...] = ()


def test_a_record_is_read_as_it_was_written_to_6_decimals(tmp_path: Path) -> None:
    write_record(tmp_path / "p.json", Point(name="猫", x=1 / 3, of=(1, 2)))
    assert json.loads((tmp_path / "p.json").read_text()) == {"name": "猫", "x": 0.333333, "of": [1, 2]}
    assert read_record(Point, tmp_path / "p.json") == Point(name="猫", x=0.333333, of=(1, 2))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"name": "a"}', "x: Field required"),
        ('{"name": "a", "x": "1"}', "x: Input should be a valid number"),
        ('{"name": "a", "x": NaN}', "x: Input should be a finite number"),
        ('{"name": "a", "x": 1, "y": 2}', "y: Extra inputs are not permitted"),
        ('{"name": "a", "x": 1, "of": [1, "2"]}', r"of\.1: Input should be a valid integer"),
        ("[]", "expected a JSON object, found list"),
    ],
)
def test_what_is_no_such_record_is_refused_by_name(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(ContainerError, match=rf"p\.json: {message}"):
        read_record(Point, tmp_path / "p.json")
