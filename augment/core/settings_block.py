"""The base of every settings block, and how a validation failure is told to the user."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from augment.core.errors import SettingsError

T = TypeVar("T")

OVERLOOKED = ("nfiles", "size")
"""Keys that DVC leaves out of its run-cache's hash, wherever they stand: a change below them would change nothing."""


def _heeded(name: str) -> str:
    if name in OVERLOOKED:
        raise ValueError(f"{name} is a name that DVC's run-cache overlooks; expected another")
    return name


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$"), AfterValidator(_heeded)]
"""A dataset, mix, training set or recipe. DVC builds stage names, paths and parameter keys from it, and each of
``-``, ``.``, ``/`` and a space breaks one of the three."""


def _each_once(names: list[str]) -> list[str]:
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ValueError(f"{', '.join(double)} more than once; expected each name once")
    return names


Names = Annotated[list[Name], Field(min_length=1), AfterValidator(_each_once)]
"""Names in order, at least one, each once: of a double one DVC makes a single stage and says nothing."""


class Spec(BaseModel):
    """A frozen block of settings that refuses keys it does not know and values of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    RENAMED: ClassVar[dict[str, str]] = {}
    """Keys that older settings have, and what they are called now: their error says so."""

    @model_validator(mode="before")
    @classmethod
    def _keys_have_their_present_names(cls, value: Any) -> Any:
        old = [name for name in cls.RENAMED if isinstance(value, dict) and name in value]
        if old:
            raise ValueError("; ".join(f"{name} is called {cls.RENAMED[name]} now" for name in old))
        return value


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
        problems = "\n".join(f"  {_sentence(detail, value)}" for detail in error.errors())
        raise SettingsError(f"{where} has {error.error_count()} problem(s):\n{problems}") from error


def _sentence(detail: Any, value: object) -> str:
    key = _path(detail["loc"], value, missing=detail["type"] == "missing") or "(top level)"
    match detail["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key; expected one that the documentation lists"
        case "missing":
            return f"{key}: missing; it has no default"
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            if not detail["loc"] and re.match(r"[\w.]+: ", message):
                return message  # begins with the key that it is about
            # What a whole block was found to be says nothing: the message names the part of it.
            found = "" if isinstance(detail["input"], dict) else f" (found {detail['input']!r:.80})"
            return f"{key}: {message[0].lower()}{message[1:]}{found}"


def _path(location: Sequence[str | int], value: Any, *, missing: bool) -> str:
    """Join the keys that lead to a problem.

    Args:
        location: They, and among them what pydantic puts there besides: the member of a union that it tried, ``[key]``
            for a key that is wrong itself.
        value: What was validated: only its own keys and indices are kept.
        missing: Whether the last key is one that ``value`` lacks.
    """
    keys = []
    for depth, part in enumerate(location, start=1):
        if isinstance(value, dict):
            if part not in value and not (missing and depth == len(location)):
                continue
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            continue
        keys.append(str(part))
    return ".".join(keys)
