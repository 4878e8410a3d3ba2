"""The base of every settings block, and how a validation failure is told to the user."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from augment.core.errors import SettingsError

T = TypeVar("T")

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""A dataset, mix, training set or recipe. DVC builds stage names, paths and parameter keys from it, and each of
``-``, ``.``, ``/`` and a space breaks one of the three."""


class Spec(BaseModel):
    """A frozen block of settings that refuses keys it does not know and values of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def parse(kind: type[T] | TypeAdapter[T], value: object, where: str) -> T:
    """Validate plain YAML data as ``kind``.

    Args:
        kind: A ``Spec`` class, or a type adapter for anything else pydantic understands.
        value: Mappings, lists and scalars as YAML gives them.
        where: What the error message calls the place, e.g. ``params.yaml``.

    Raises:
        SettingsError: One line for each problem: the key's full path, what was expected, what was found.
    """
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        problems = "\n".join(f"  {_sentence(detail)}" for detail in error.errors())
        raise SettingsError(f"{where} has {error.error_count()} problem(s):\n{problems}") from error


def _sentence(detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"]) or "(top level)"
    match detail["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key; expected one that the documentation lists"
        case "missing":
            return f"{key}: missing; it has no default"
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            # What a whole block was found to be says nothing: the message names the part of it.
            found = "" if isinstance(detail["input"], dict) else f" (found {detail['input']!r:.80})"
            return f"{key}: {message[0].lower()}{message[1:]}{found}"
