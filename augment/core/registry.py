"""What settings choose among: methods with settings of their own, and functions by name.

Both register themselves where they are defined, and nothing else lists them: what settings may say, the tables in docs/
and the tests that all must pass follow from `Method.registered` and `Registry`. Those spread over files say which by
HOMES, patterns of modules such as ``augment.datasets.sources.*``: they are imported when they are first asked for.
Settings are read in a fraction of a second, so no such file imports torch but where it is called, or it names the code
that does by a string for `load`.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, ClassVar, Self, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from augment.core.errors import SettingsError
from augment.core.settings_block import Spec

T = TypeVar("T")


class Method(Spec):
    """Settings of one method among several.

    A family of methods is a subclass of this; a method is a subclass of that whose tag is one word.

    Attributes:
        TAG: The key that tells methods of a family apart; each method has a field of this name, a single word.
        HOMES: Where methods are, if not all beside their family.
    """

    TAG: ClassVar[str] = "kind"
    HOMES: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def tag(cls) -> str | None:
        """Give the word that names this method; None for a whole family."""
        field = cls.model_fields.get(cls.TAG)
        words = get_args(field.annotation) if field else ()
        return words[0] if len(words) == 1 else None

    @classmethod
    def registered(cls) -> dict[str, type[Self]]:
        """Collect the methods of this family by their tag, in the order of HOMES, then of definition.

        Raises:
            TypeError: Two have the same tag: a bug.
        """
        modules = _modules(cls.HOMES)
        found: dict[str, type[Self]] = {}
        for each in sorted(_below(cls), key=lambda method: _place(method, modules)):
            tag = each.tag()
            if tag in found:
                raise TypeError(f"{cls.__name__} {tag}: expected one, found {found[tag].__name__} and {each.__name__}")
            found |= {tag: each} if tag else {}
        return found

    @model_validator(mode="before")
    @classmethod
    def _nothing_of_another_method(cls, data: Any) -> Any:
        """Say of a key that it is another method's, rather than that it is unknown."""
        family = next(each for each in reversed(cls.__mro__) if issubclass(each, Method) and each is not Method)
        for key in [key for key in data if key not in cls.model_fields] if isinstance(data, dict) else []:
            owners = [tag for tag, other in family.registered().items() if key in other.model_fields]
            if owners:
                raise ValueError(f"{key}: only {cls.TAG} {', '.join(owners)} has it, found {cls.tag()}")
        return data


class Registry(Mapping[str, T]):
    """Functions by name, in the order of their homes, then of definition.

    Annotates a string, too: ``backbone: Annotated[str, BACKBONES]`` is one of their names.

    Args:
        what: What they are, for messages: ``backbone``.
        homes: Patterns of the modules that they are in.
    """

    def __init__(self, what: str, *homes: str) -> None:
        self._what, self._homes = what, homes
        self._functions: dict[str, T] = {}

    def register(self, function: T) -> T:
        """Add a function; a decorator.

        Raises:
            TypeError: Another has its name: a bug.
        """
        name = getattr(function, "__name__", "")
        if self._functions.setdefault(name, function) is not function:
            raise TypeError(f"{self._what} {name}: expected one, found two")
        return function

    def __getitem__(self, name: str) -> T:
        """Look a function up.

        Raises:
            SettingsError: There is none of this name; the message lists those that there are.
        """
        found = self._all()
        if name not in found:
            raise SettingsError(f"unknown {self._what} {name!r}; expected one of {', '.join(found)}")
        return found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """Build a literal."""
        return core_schema.literal_schema(list(self))

    def _all(self) -> dict[str, T]:
        modules = _modules(self._homes)
        return dict(sorted(self._functions.items(), key=lambda item: _place(item[1], modules)))


def load(reference: str) -> Any:
    """Import what a ``module:name`` refers to."""
    module, name = reference.split(":")
    return getattr(importlib.import_module(module), name)


@dataclass(frozen=True)
class OneOf:
    """Annotates a field of the type of a family: its value is the settings of one registered method.

    Attributes:
        default: The method that settings without a tag are of; None asks for a tag.
    """

    default: str | None = None

    def __get_pydantic_core_schema__(self, family: type[Method], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Build a union of all methods, told apart by the tag."""
        choices = {tag: handler.generate_schema(method) for tag, method in family.registered().items()}

        def kind(value: Any) -> Any:
            given = value.get(family.TAG) if isinstance(value, dict) else getattr(value, family.TAG, None)
            return self.default if given is None else given

        # The key is told beside a function, too: a message about the union names it.
        return core_schema.tagged_union_schema(
            choices, kind if self.default else family.TAG, metadata={"tag": family.TAG}
        )


class AnyOf:
    """Annotates a mapping from a tag to the type of a family: settings of any of its methods, each once."""

    def __get_pydantic_core_schema__(self, mapping: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Build a mapping with a key a method, none of them required, in the order of registration."""
        _, family = get_args(mapping)
        fields = {
            tag: core_schema.typed_dict_field(handler.generate_schema(method), required=False)
            for tag, method in family.registered().items()
        }
        return core_schema.typed_dict_schema(fields, extra_behavior="forbid")


@cache
def _modules(homes: tuple[str, ...]) -> list[str]:
    """Import every module that the patterns stand for, and name them in that order."""
    names = []
    for package, _, pattern in (home.rpartition(".") for home in homes):
        folder = importlib.import_module(package).__path__
        names += [f"{package}.{each.name}" for each in pkgutil.iter_modules(folder) if fnmatchcase(each.name, pattern)]
    for name in names:
        importlib.import_module(name)
    return names


def _place(thing: Any, modules: list[str]) -> int:
    return modules.index(thing.__module__) if thing.__module__ in modules else len(modules)


def _below(cls: type[T]) -> Iterator[type[T]]:
    for child in cls.__subclasses__():
        yield child
        yield from _below(child)
