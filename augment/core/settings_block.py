"""The base of every settings block, and how plain data become one."""

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from augment.core.errors import SettingsError
from augment.core.problems import sentences
from augment.core.text import counted

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
        problems = sentences(error, adapter.core_schema, value)
        told = "\n".join(f"  {problem}" for problem in problems)
        raise SettingsError(f"{where} has {counted(len(problems), 'problem')}:\n{told}") from error
