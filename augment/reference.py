"""What documents say of settings, made of the settings: ``python -m augment.reference docs/*.md`` rewrites it.

It stands between ``<!-- WHAT MODULE:NAME … -->`` and ``<!-- /WHAT -->``, and WHAT is one of

- ``options MODULE:CLASS PREFIX``: a table of a class's keys, PREFIX before each;
- ``choices MODULE:NAME``: a list of a family's methods, or of a registry's functions;
- ``methods MODULE:FAMILY PREFIX``: each of a family's methods with its keys;
- ``overview MODULE:FAMILY ATTRIBUTE …``: a table of a family's methods, a column an attribute.

Meanings are the ``Attributes`` of the docstrings, so that code and documents have one text; values and defaults are
what the classes enforce. No stage depends on this file: a comment here must train nothing again.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from augment.core.registry import AnyOf, Method, OneOf, load
from augment.core.search import Among, Range, told
from augment.core.store import write_text

MARKED = re.compile(
    r"(?P<begin><!-- (?P<what>options|choices|methods|overview) (?P<thing>[\w.]+:\w+)(?P<rest>[\w. ]*) -->\n)"
    r".*?(?P<end><!-- /(?P=what) -->)",
    flags=re.DOTALL,
)
REQUIRED = "–"
BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
KINDS = {"integer": "whole number", "number": "number", "boolean": "`true`, `false`", "string": "text"}


class Option(NamedTuple):
    """One row of a table, all of it Markdown; the key is dotted where it stands in a block."""

    key: str
    meaning: str
    values: str
    default: str


def fill(text: str) -> str:
    """Put between the marks of a document what belongs there.

    Raises:
        TypeError: Nothing says what a key, a method or a function is.
    """
    makers: dict[str, Callable[..., str]]
    makers = {"options": option_table, "choices": choices, "methods": methods, "overview": overview}

    def filled(mark: re.Match[str]) -> str:
        made = makers[mark["what"]](load(mark["thing"]), *mark["rest"].split())
        return f"{mark['begin']}{made}{mark['end']}"

    return MARKED.sub(filled, text)


def option_table(spec: type[BaseModel], prefix: str = "") -> str:
    """Write the table of all keys of a class of settings."""
    rows = [[f"`{key}`", *rest] for key, *rest in options(spec, prefix)]
    return _table(["key", "meaning", "values", "default"], rows)


def choices(entries: type[Method] | Mapping[str, Any]) -> str:
    """List a family's methods or a registry's functions, each with the first paragraph of its docstring."""
    named = entries.registered() if isinstance(entries, type) else entries
    return "".join(f"- `{name}`: {_summary(each)}\n" for name, each in named.items())


def methods(family: type[Method], prefix: str = "") -> str:
    """Give each method of a family a heading, the first paragraph of its docstring and a table where it has keys."""
    parts = []
    for tag, method in family.registered().items():
        parts += [f"### `{tag}`\n", f"{_summary(method)}\n"]
        parts += [option_table(method, prefix)] if list(options(method)) else []
    return "\n" + "\n".join(parts) + "\n"


def overview(family: type[Method], *attributes: str) -> str:
    """Write a table of a family's methods, a row each."""
    rows = []
    for tag, method in family.registered().items():
        values = [getattr(method, attribute) for attribute in attributes]
        values = [value() if callable(value) else value for value in values]
        rows.append([f"`{tag}`", *({True: "yes", False: "no"}.get(value, value) for value in values)])
    return _table([f"`{family.TAG}`", *(each.lower().replace("_", " ") for each in attributes)], rows)


def options(spec: type[BaseModel], prefix: str = "") -> Iterator[Option]:
    """List every key below a class of settings, those of its blocks included, but for the tag of a method.

    Raises:
        TypeError: A key has no meaning in the docstring.
    """
    schema, meanings = spec.model_json_schema(), _attributes(spec)
    for name, field in spec.model_fields.items():
        key, block = prefix + name, _block(field)
        choice = next((each for each in field.metadata if isinstance(each, OneOf | AnyOf)), None)
        if issubclass(spec, Method) and name == spec.TAG:
            continue
        if isinstance(choice, OneOf):
            yield from _of_family(block, choice.default, f"{key}.")
        elif choice:
            for tag, method in block.registered().items():
                yield from options(method, f"{key}.{tag}.")
        else:
            if block is None or field.default is None:
                if name not in meanings:
                    raise TypeError(f"{spec.__module__}.{spec.__name__}.{name}: expected a meaning among Attributes")
                values = "a block" if block else _values(schema["properties"][name], schema.get("$defs", {}))
                mark = next((each for each in field.metadata if isinstance(each, Range | Among)), None)
                values += f"; `tune` tries {told(mark)}" if mark else ""
                yield Option(key, meanings[name], values, _default(field))
            yield from options(block, f"{key}.") if block else ()


def _of_family(family: type[Method], default: str | None, prefix: str) -> Iterator[Option]:
    """List the tag, what all methods have in common, and what only some have."""
    tags = ", ".join(f"`{tag}`" for tag in family.registered())
    yield Option(prefix + family.TAG, _summary(family), tags, default or REQUIRED)
    yield from options(family, prefix)
    for tag, method in family.registered().items():
        for option in options(method, prefix):
            if option.key.removeprefix(prefix).partition(".")[0] not in family.model_fields:
                yield option._replace(meaning=f"With `{tag}`: {option.meaning[0].lower()}{option.meaning[1:]}")


def _block(field: FieldInfo) -> Any:
    """Find the class of settings, or family of them, that a field is of, be it optional or ``Mapping[str, Block]``."""
    parts = [field.annotation, *get_args(field.annotation)]
    kinds = [get_args(part)[0] if get_origin(part) is Annotated else part for part in parts]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _values(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Tell in words which values a JSON schema allows."""
    if "$ref" in schema:
        return _values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return " or ".join(_values(each, definitions) for each in schema["anyOf"] if each.get("type") != "null")
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema["type"] == "array":
        length = schema.get("minItems") if schema.get("minItems") == schema.get("maxItems") else None
        return f"list{f' of {length}' if length else ''}, each {_values(schema['items'], definitions)}"
    if schema["type"] == "object":
        return f"a name each, with {_values(schema['additionalProperties'], definitions)}"
    bounds = ", ".join(text.format(f"{schema[name]:g}") for name, text in BOUNDS.items() if name in schema)
    return f"{KINDS[schema['type']]} {bounds}".rstrip()


def _default(field: FieldInfo) -> str:
    """Write a default as ``params.yaml`` would."""
    value = field.get_default(call_default_factory=True)
    if field.is_required() or value is None:
        return REQUIRED if field.is_required() else "none"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return '"none"' if value == "none" else text.removesuffix("\n").removesuffix("\n...")


def _attributes(spec: type) -> dict[str, str]:
    """Read what the docstrings of a class and its bases say of each attribute (Google's style)."""
    found: dict[str, str] = {}
    for each in reversed(spec.__mro__):
        _, _, listed = inspect.cleandoc(vars(each).get("__doc__") or "").partition("Attributes:\n")
        pairs = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", listed, flags=re.MULTILINE)
        found |= {name: _paragraph(meaning) for name, meaning in pairs}
    return found


def _summary(thing: Any) -> str:
    if not thing.__doc__:
        raise TypeError(f"{thing.__module__}.{thing.__qualname__}: expected a docstring that says what it is")
    return _paragraph(thing.__doc__)


def _paragraph(text: str) -> str:
    """Give the first paragraph in one line, in Markdown's single backquotes."""
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split()).replace("``", "`")


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    for document in map(Path, sys.argv[1:]):
        write_text(document, fill(document.read_text(encoding="utf-8")))
