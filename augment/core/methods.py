"""Methods that settings choose among. Each registers itself: a class of settings, its code, what it can do.

A family of methods is a subclass of `Method`; a method is a subclass of that whose tag (``kind``, mostly) is one word.
To be defined is to be registered: what settings may say, the tables in docs/ and the tests that every method must pass
all follow from `Method.registered`. No such class imports torch, for settings are read in a fraction of a second: code
that does is named by a string, and imported by `load`.
"""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self, get_args

from pydantic import GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from augment.core.specs import Spec


class Method(Spec):
    """Settings of one method among several.

    Attributes:
        TAG: The key that tells methods of a family apart; each method has a field of this name, a single word.
    """

    TAG: ClassVar[str] = "kind"

    @classmethod
    def tag(cls) -> str | None:
        """Give the word that names this method; None for a whole family."""
        field = cls.model_fields.get(cls.TAG)
        words = get_args(field.annotation) if field else ()
        return words[0] if len(words) == 1 else None

    @classmethod
    def registered(cls) -> dict[str, type[Self]]:
        """Collect the methods of this family by their tag, in the order of definition."""
        below = [each for child in cls.__subclasses__() for each in (child, *child.registered().values())]
        return {tag: each for each in below if (tag := each.tag())}

    @model_validator(mode="before")
    @classmethod
    def _nothing_of_another_method(cls, data: Any) -> Any:
        """Say of a key that it is another method's, rather than that it is unknown."""
        for key in [key for key in data if key not in cls.model_fields] if isinstance(data, dict) else []:
            owners = [str(other.tag()) for other in _siblings(cls) if key in other.model_fields]
            if owners:
                raise ValueError(f"{key}: only {cls.TAG} {', '.join(owners)} has it, found {cls.tag()}")
        return data


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

        return core_schema.tagged_union_schema(choices, kind if self.default else family.TAG)


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


@dataclass(frozen=True)
class Among:
    """Annotates a string: one of the names of a table, so that the table is the only place that lists them."""

    names: Iterable[str]

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """Build a literal."""
        return core_schema.literal_schema(list(self.names))


def _siblings(method: type[Method]) -> Iterable[type[Method]]:
    family = next(each for each in reversed(method.__mro__) if issubclass(each, Method) and each is not Method)
    return family.registered().values()
