from typing import Annotated, Any, ClassVar, Literal, Self

import pytest
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from augment.core.errors import SettingsError
from augment.core.settings_block import Name, Names, Spec, parse


class Training(Spec):
    steps: Annotated[int, Field(gt=0)]
    rate: float = 0.1


def test_every_problem_is_told_with_its_place() -> None:
    with pytest.raises(SettingsError) as error:
        parse(Training, {"steps": -5, "stepps": 3}, "params.yaml")
    message = str(error.value)
    assert "params.yaml has 2 problems:\n" in message
    assert "steps: input should be greater than 0 (found -5)" in message
    assert "stepps: unknown key; did you mean steps? expected one of steps, rate" in message


def test_a_number_in_quotes_is_not_a_number() -> None:
    with pytest.raises(SettingsError, match=r"steps: input should be a valid integer \(found '5'\)"):
        parse(Training, {"steps": "5"}, "params.yaml")


class Walk(Spec):
    kind: Literal["walk"]
    miles: float


class Ride(Spec):
    kind: Literal["ride"]
    speed: Annotated[int, Field(gt=0)] | Literal["fast"] = "fast"
    walk: Walk | None = None

    @model_validator(mode="after")
    def _fast_is_far(self) -> Self:
        if self.speed == 1:
            raise ValueError("speed: too slow")
        return self


class Day(Spec):
    trips: dict[Name, Annotated[Walk | Ride, Field(discriminator="kind")]]

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.trips:
            raise ValueError("trips.any: expected one")
        if len(self.trips) > 1:
            raise ValueError("Too much for a day")
        return self


@pytest.mark.parametrize(
    ("trips", "line"),
    [
        (
            {"walk": {"kind": "walk", "mile": 1.0}},
            "trips.walk.mile: unknown key; did you mean miles? expected one of kind, miles",
        ),
        ({"walk": {"kind": "walk"}}, "trips.walk.miles: missing; it has no default"),
        ({"a": {"kind": "ride", "walk": {"kind": "walk"}}}, "trips.a.walk.miles: missing; it has no default"),
        ({"a": {"kind": "ride", "speed": 0}}, "trips.a.speed: input should be greater than 0, or 'fast' (found 0)"),
        ({"a": "walk"}, "trips.a: expected a block; write {kind: walk} (found 'walk')"),
        ({"a": "swim"}, "trips.a: expected a block with the key kind, one of walk, ride (found 'swim')"),
        ({"a": {"miles": 1.0}}, "trips.a.kind: missing; expected one of walk, ride"),
        ({"a": {"kind": "walks"}}, "trips.a.kind: unknown 'walks'; did you mean walk? expected one of walk, ride"),
        ({"a": {"kind": "ride", "walk": 3}}, "trips.a.walk: expected a block with keys out of kind, miles (found 3)"),
        (["walk"], "trips: expected a block: a key and a value a line (found ['walk'])"),
        ({"a": {"kind": "ride", "speed": 1}}, "trips.a: speed: too slow"),
        ({"A": {"kind": "ride"}}, "trips.A: string should match pattern '^[a-z][a-z0-9_]*$' (found 'A')"),
        ({}, "trips.any: expected one"),
        ({"a": {"kind": "ride"}, "b": {"kind": "ride"}}, "(top level): too much for a day"),
    ],
)
def test_a_place_is_told_in_the_files_own_keys_alone(trips: Any, line: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(Day, {"trips": trips}, "params.yaml")
    assert f"  {line}" in str(error.value).splitlines()


def test_an_item_of_a_list_is_told_by_its_number() -> None:
    with pytest.raises(SettingsError, match=r"\n  1\.miles: missing"):
        parse(TypeAdapter(list[Walk]), [{"kind": "walk", "miles": 1.0}, {"kind": "walk"}], "params.yaml")


def test_names_stand_each_once() -> None:
    assert parse(TypeAdapter(Names), ["b", "a"], "params.yaml") == ["b", "a"]
    with pytest.raises(SettingsError, match=r"\(top level\): a, b more than once; expected each name once \(found \["):
        parse(TypeAdapter(Names), ["b", "a", "c", "b", "a"], "params.yaml")
    with pytest.raises(SettingsError, match="at least 1 item"):
        parse(TypeAdapter(Names), [], "params.yaml")


def test_a_key_that_has_a_new_name_is_told_with_it() -> None:
    class Renamed(Spec):
        RENAMED: ClassVar[dict[str, str]] = {"hours": "steps", "speed": "rate"}

        steps: int
        rate: float = 1.0

    with pytest.raises(SettingsError, match=r"\(top level\): hours is called steps now; speed is called rate now"):
        parse(Renamed, {"hours": 3, "speed": 1.0}, "params.yaml")
    assert parse(Renamed, {"steps": 3}, "params.yaml").steps == 3


def test_a_missing_key_is_named() -> None:
    with pytest.raises(SettingsError, match="steps: missing"):
        parse(Training, {}, "params.yaml")


def test_something_other_than_a_mapping_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"\(top level\)"):
        parse(Training, None, "params.yaml")


def test_settings_do_not_change_after_they_are_read() -> None:
    training = parse(Training, {"steps": 5}, "params.yaml")
    with pytest.raises(ValidationError, match="frozen"):
        training.steps = 6  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize("name", ["Digits", "a-b", "a.b", "a/b", "a b", "1a", ""])
def test_names_that_break_paths_or_stage_names_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="should match pattern"):
        parse(TypeAdapter(Name), name, "params.yaml")
