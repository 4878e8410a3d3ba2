from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from augment.core.errors import SettingsError
from augment.core.specs import Name, Spec, parse


class Training(Spec):
    steps: Annotated[int, Field(gt=0)]
    rate: float = 0.1


def test_every_problem_is_told_with_its_place() -> None:
    with pytest.raises(SettingsError) as error:
        parse(Training, {"steps": -5, "stepps": 3}, "params.yaml")
    message = str(error.value)
    assert "params.yaml has 2 problem(s)" in message
    assert "steps: input should be greater than 0 (found -5)" in message
    assert "stepps: unknown key" in message


def test_a_number_in_quotes_is_not_a_number() -> None:
    with pytest.raises(SettingsError, match=r"steps: input should be a valid integer \(found '5'\)"):
        parse(Training, {"steps": "5"}, "params.yaml")


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
