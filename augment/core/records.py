"""What one stage tells another as JSON, typed: validated when it is read, rounded when it is written."""

import json
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from augment.core.errors import ContainerError
from augment.core.store import read_json, write_json

DECIMALS = 6

Number = Annotated[float, PlainSerializer(lambda value: round(value, DECIMALS), return_type=float, when_used="json")]
"""A float that is written to 6 decimals, so that files diff well."""

ABSENT = Field(exclude_if=lambda value: value is None)
"""Annotates what is not written where it is None: records of datasets that it says nothing of stay as they were."""

R = TypeVar("R", bound="Record")


class Record(BaseModel):
    """A frozen group of values that refuses names it does not know, values of another type, and NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def write_record(path: Path, record: Record) -> None:
    """Write a record as JSON."""
    write_json(path, record.model_dump(mode="json"))


def read_record(kind: type[R], path: Path) -> R:
    """Read what `write_record` wrote.

    Raises:
        ContainerError: The file is missing, is not JSON, or is another record: says which value is wrong, and how.
    """
    values = read_json(path)
    try:
        return kind.model_validate_json(json.dumps(values))
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "all of it"
        raise ContainerError(
            f"{path}: {place}: {problem['msg']}; expected what this version writes, so make it anew"
        ) from error
