"""Columns of tables, by the names that settings give them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

Column = Annotated[str, Field(min_length=1)]


def required(spec: BaseModel, *keys: str) -> list[str]:
    """Name the columns that settings ask for by name; those that keep their default may be missing."""
    return [getattr(spec, key) for key in keys if getattr(spec, key) != type(spec).model_fields[key].default]


def optional(rows: Sequence[Mapping[str, Any]], column: str) -> str | None:
    """Give the name of a column if the rows have it."""
    return column if rows and column in rows[0] else None
