"""Tables of options for docs/, from the settings themselves: `python -m augment.reference docs/*.md` rewrites them.

A document says where a table goes by two marks, `<!-- options: NAME -->` and `<!-- /options -->`; `TABLES` has the
names. Meanings are the `Attributes` of a class's docstring and of those that it inherits from; values and defaults are
what the class itself enforces.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from annotated_types import Ge, Gt, Le, Len, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from augment.assessment.gate import GateSpec
from augment.core.methods import Among, AnyOf, Method, OneOf
from augment.core.store import write_text
from augment.runtime.specs import RuntimeSpec
from augment.synthesis.base.methods import FAMILIES, synthesizers
from augment.synthesis.gan.losses import Loss
from augment.synthesis.gan.policies import POLICIES
from augment.synthesis.gan.regularisers import Regulariser
from augment.synthesis.networks.architectures import NetworkSpec
from augment.synthesis.training.checkpoint_spec import CheckpointSpec

MARKED = re.compile(r"(<!-- options: ([\w ]+) -->\n).*?(<!-- /options -->)", flags=re.DOTALL)
NO_DEFAULT = "–"


class Option(NamedTuple):
    """One row of a table: all of it Markdown."""

    key: str
    meaning: str
    values: str
    default: str


def options(spec: type[BaseModel], prefix: str = "") -> Iterator[Option]:
    """List every key below a class of settings, those of its blocks included, but for the tag of a method."""
    said = meanings(spec)
    tag = spec.TAG if issubclass(spec, Method) else None
    for name, field in spec.model_fields.items():
        if name == tag:
            continue
        key, family = prefix + name, _family(field)
        blocks = [kind for kind in _kinds(field.annotation) if issubclass(kind, BaseModel)]
        if any(isinstance(each, AnyOf) for each in field.metadata):
            for kind, method in family.registered().items() if family else ():
                yield from options(method, f"{key}.{kind}.")
        elif family:
            yield from _of_family(family, field, f"{key}.")
        elif blocks:
            for block in blocks:
                yield from options(block, f"{key}.")
        else:
            yield Option(key, said[name], values(field), _default(field))


def _of_family(family: type[Method], field: FieldInfo, prefix: str) -> Iterator[Option]:
    """List the tag, what all methods have in common, and what only some have."""
    methods = family.registered()
    choice = next(each for each in field.metadata if isinstance(each, OneOf))
    yield Option(prefix + family.TAG, _summary(family), _listed(methods), choice.default or NO_DEFAULT)
    yield from options(family, prefix)
    for kind, method in methods.items():
        for option in options(method, prefix):
            if option.key.removeprefix(prefix).partition(".")[0] not in family.model_fields:
                yield option._replace(meaning=f"With `{kind}`: {option.meaning[0].lower()}{option.meaning[1:]}")


def meanings(spec: type) -> dict[str, str]:
    """Read what the docstrings of a class and its bases say of each attribute, as Markdown."""
    found: dict[str, str] = {}
    for each in reversed(spec.__mro__):
        text = inspect.cleandoc(each.__dict__.get("__doc__") or "")
        _, _, attributes = text.partition("\nAttributes:\n")
        for name, meaning in re.findall(r"^    (\w+): (.*?)(?=^    \w|\Z)", attributes, flags=re.MULTILINE | re.DOTALL):
            found[name] = _markdown(meaning).removesuffix(".")
    return found


def values(field: FieldInfo) -> str:
    """Tell which values a field takes."""
    kind = field.annotation
    if type(None) in get_args(kind):
        return values(FieldInfo.from_annotation(next(each for each in get_args(kind) if each is not type(None))))
    words = next((list(each.names) for each in field.metadata if isinstance(each, Among)), None)
    if get_origin(kind) is Literal:
        words = list(get_args(kind))
    if words is not None:
        return _listed(words)
    if get_origin(kind) is list:
        return f"list of {_items(field)}"
    kinds = _kinds(kind)
    if bool in kinds:
        return _listed(["true", "false"])
    number = "whole number" if int in kinds else "number" if float in kinds else "text"
    return f"{number}{_bounds(field.metadata)}"


def _items(field: FieldInfo) -> str:
    (item,) = get_args(field.annotation)
    inner = FieldInfo.from_annotation(item)
    exact = {each.min_length for each in field.metadata if isinstance(each, MinLen | Len)}
    exact &= {each.max_length for each in field.metadata if isinstance(each, MaxLen | Len)}
    return f"{exact.pop()} × {values(inner)}" if exact else values(inner)


def _bounds(metadata: list[Any]) -> str:
    low = [f"{each.ge:g} or more" for each in metadata if isinstance(each, Ge)]
    low += [f"above {each.gt:g}" for each in metadata if isinstance(each, Gt)]
    high = [f"at most {each.le:g}" for each in metadata if isinstance(each, Le)]
    high += [f"below {each.lt:g}" for each in metadata if isinstance(each, Lt)]
    return "".join(f", {bound}" for bound in (*low, *high))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return NO_DEFAULT
    value = field.get_default(call_default_factory=True)
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)


def _family(field: FieldInfo) -> type[Method] | None:
    """Find the family of methods that a field chooses from."""
    if not any(isinstance(each, OneOf | AnyOf) for each in field.metadata):
        return None
    return next(kind for kind in _kinds(field.annotation) if issubclass(kind, Method))


def _kinds(annotation: Any) -> list[type]:
    """Collect the classes that an annotation names, however deep."""
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation]
    return [kind for each in get_args(annotation) for kind in _kinds(each)]


def _listed(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _summary(thing: object) -> str:
    """First paragraph of a docstring."""
    return _markdown(inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[0]).removesuffix(".")


def _markdown(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def option_table(spec: type[BaseModel], prefix: str = "") -> str:
    """Write the table of all options of a class of settings."""
    rows = [[f"`{key}`", *rest] for key, *rest in options(spec, prefix)]
    return table(["key", "meaning", "values", "default"], rows)


def _overview() -> str:
    rows = [
        [f"`{kind}`", spec.family(), spec.TITLE, spec.WHEN, "yes" if spec.HOLDS_IMAGES else "no"]
        for kind, spec in _in_order()
    ]
    return table(["`kind`", "family", "what it is", "when", "holds training images"], rows)


def _sections() -> str:
    return "\n".join(f"### `{kind}`\n\n{_summary(spec)}.\n\n{option_table(spec)}" for kind, spec in _in_order())


def _in_order() -> list[tuple[str, Any]]:
    return sorted(synthesizers().items(), key=lambda item: (FAMILIES.index(item[1].family()), item[0]))


def _choices(named: dict[str, Any], tell: Callable[[Any], str]) -> str:
    return table(["name", "what it is"], [[f"`{name}`", tell(each)] for name, each in named.items()])


TABLES: dict[str, Callable[[], str]] = {
    "gate": lambda: option_table(GateSpec, "gate."),
    "machine": lambda: option_table(RuntimeSpec, "runtime."),
    "checkpoints": lambda: option_table(CheckpointSpec, "checkpoints."),
    "overview of synthesizers": _overview,
    "synthesizers": _sections,
    "architectures": lambda: _choices(NetworkSpec.registered(), lambda spec: spec.TITLE),
    "losses": lambda: _choices(Loss.registered(), _summary),
    "regularisers": lambda: _choices(Regulariser.registered(), _summary),
    "augmentation": lambda: _choices({name: policy.change for name, policy in POLICIES.items()}, _summary),
}
"""Every table, by the name that documents call it by."""


def rewrite(text: str) -> str:
    """Put every marked table of a document as it should be.

    Raises:
        KeyError: A mark names a table that there is not.
    """
    return MARKED.sub(lambda mark: f"{mark[1]}{TABLES[mark[2]]()}{mark[3]}", text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_text(Path(name), rewrite(Path(name).read_text(encoding="utf-8")))
