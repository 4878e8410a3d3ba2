"""Methods of one kind - sources, synthesizers, backbones … - each registered by the one file that has it.

A registry belongs to a package and imports all of it when it is first asked: adding a method is adding a file there.
That file must import nothing that takes long, as settings are checked against the registry before any stage begins: a
method imports torch where it uses it.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from augment.core.errors import SettingsError

T = TypeVar("T")


class Registry(Generic[T]):
    """Methods by name, in the order of their names.

    Args:
        what: What the methods are, for messages: ``source``.
        package: The package whose modules register them: ``augment.datasets.sources``.
    """

    def __init__(self, what: str, package: str) -> None:
        self.what, self.package = what, package
        self._methods: dict[str, T] = {}
        self._complete = False

    def register(self, method: T) -> T:
        """Add a spec class under its ``kind``, or a function under its name; a decorator.

        Raises:
            TypeError: The name is taken, or nothing says what the method is: both are bugs.
        """
        name, described = name_of(method), (method.__doc__ or "").strip()
        if self._methods.get(name, method) is not method or not described:
            problem = "is there twice" if described else "has no docstring"
            raise TypeError(f"{self.what} {name} {problem}")
        self._methods[name] = method
        return method

    def __getitem__(self, name: str) -> T:
        """Look a method up.

        Raises:
            SettingsError: There is none of this name; the message lists those that there are.
        """
        if name not in self.methods:
            raise SettingsError(f"unknown {self.what} {name!r}; expected one of {', '.join(self.methods)}")
        return self.methods[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.methods)

    @property
    def methods(self) -> dict[str, T]:
        """All of them, by name."""
        if not self._complete:
            folder = importlib.import_module(self.package).__path__
            for module in sorted(module.name for module in pkgutil.iter_modules(folder)):
                importlib.import_module(f"{self.package}.{module}")
            self._methods, self._complete = dict(sorted(self._methods.items())), True
        return self._methods


class OneOf:
    """Annotation of a settings field: one of a registry's spec classes, told apart by ``kind``.

    ``source: Annotated[Source, OneOf(SOURCES)]`` is to pydantic the union of all that the registry has.
    """

    def __init__(self, registry: Registry[Any]) -> None:
        self.registry = registry

    def __get_pydantic_core_schema__(self, base: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic what may stand here."""
        first, *others = self.registry.methods.values()
        union = first
        for other in others:
            union |= other
        return handler.generate_schema(Annotated[union, Field(discriminator="kind")] if others else first)


class Choice:
    """Annotation of a settings field: the name of one of a registry's methods.

    ``backbone: Annotated[str, Choice(BACKBONES)]`` is to pydantic the literal of all that the registry has.
    """

    def __init__(self, registry: Registry[Any]) -> None:
        self.registry = registry

    def __get_pydantic_core_schema__(self, base: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic what may stand here."""
        return core_schema.literal_schema(list(self.registry.methods))


def name_of(method: Any) -> str:
    """Give the name that settings call a method by: a spec class's ``kind``, or a function's own name."""
    if isinstance(method, type) and issubclass(method, BaseModel):
        kind = method.model_fields["kind"].annotation
        if get_origin(kind) is not Literal:
            raise TypeError(f"{method.__name__}.kind: expected a Literal of one name, found {kind}")
        return str(get_args(kind)[0])
    return str(method.__name__)
