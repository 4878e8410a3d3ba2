"""What the documents say of settings, made of the specs themselves: ``python -m augment.core.reference docs/*.md``.

Between two markers of a document stands what is made here:

- ``<!-- options MODULE:CLASS PREFIX -->`` … ``<!-- /options -->``: a table of a spec's keys, PREFIX before each;
- ``<!-- choices MODULE:REGISTRY -->`` … ``<!-- /choices -->``: a list of a registry's methods;
- ``<!-- methods MODULE:REGISTRY PREFIX -->`` … ``<!-- /methods -->``: each of a registry's specs with its keys.

Meanings are those of the ``Attributes`` in the docstrings, so that code and documents have one text.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel

from augment.core.registry import Registry

MARKED = re.compile(
    r"(?P<begin><!-- (?P<what>options|choices|methods) (?P<module>[\w.]+):(?P<name>\w+) ?(?P<prefix>[\w.]*) -->\n)"
    r".*?(?P<end><!-- /(?P=what) -->)",
    flags=re.DOTALL,
)
REQUIRED = "–"
BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
KINDS = {
    "integer": "whole number",
    "number": "number",
    "boolean": "`true`, `false`",
    "string": "text",
    "null": "`none`",
}


class Option(NamedTuple):
    """One key of a spec.

    Attributes:
        key: Dotted where it stands in a block.
        meaning: Of the docstring, one paragraph.
        values: What it may be, in words.
        default: As YAML has it; `REQUIRED` where there is none.
    """

    key: str
    meaning: str
    values: str
    default: str


def fill(text: str) -> str:
    """Put between the markers of a document what belongs there.

    Raises:
        TypeError: A key has no meaning in the docstring.
    """

    def filled(found: re.Match[str]) -> str:
        thing = getattr(importlib.import_module(found["module"]), found["name"])
        match found["what"]:
            case "options":
                made = option_table(thing, found["prefix"])
            case "choices":
                made = choice_list(thing)
            case _:
                made = method_tables(thing, found["prefix"])
        return f"{found['begin']}{made}{found['end']}"

    return MARKED.sub(filled, text)


def option_table(spec: type[BaseModel], prefix: str = "") -> str:
    """Make a Markdown table of a spec's keys but for ``kind``, those of its blocks among them."""
    lines = ["| key | meaning | values | default |", "|---|---|---|---|"]
    lines += [
        f"| `{prefix}{option.key}` | {option.meaning} | {option.values} | {option.default} |"
        for option in options(spec)
    ]
    return "\n".join(lines) + "\n"


def choice_list(registry: Registry[Any]) -> str:
    """Make a Markdown list of a registry's methods, each with the first paragraph of its docstring."""
    return "".join(f"- `{name}`: {paragraph(method.__doc__)}\n" for name, method in registry.methods.items())


def method_tables(registry: Registry[Any], prefix: str = "") -> str:
    """Give each of a registry's specs: its name, the first paragraph of its docstring, a table where it has keys."""
    parts = []
    for name, spec in registry.methods.items():
        parts.append(f"**`{name}`**: {paragraph(spec.__doc__)}\n")
        if options(spec):
            parts.append(option_table(spec, prefix))
    return "\n" + "\n".join(parts) + "\n"


def options(spec: type[BaseModel]) -> list[Option]:
    """List the keys of a spec but for ``kind``, those of its blocks among them.

    Raises:
        TypeError: A key has no meaning in the docstring.
    """
    schema, meanings = spec.model_json_schema(), attributes(spec)
    found: list[Option] = []
    for key, field in spec.model_fields.items():
        if key == "kind":
            continue
        blocks = list(_blocks(field.annotation))
        if not blocks or field.default is None:
            if key not in meanings:
                raise TypeError(f"{spec.__module__}.{spec.__name__}.{key}: expected its meaning among the Attributes")
            property_ = schema["properties"][key]
            default = REQUIRED if field.is_required() else _yaml(field.get_default(call_default_factory=True))
            values = "a block, see below" if blocks else _values(property_, schema.get("$defs", {}))
            found.append(Option(key, meanings[key], values, default))
        found += [option._replace(key=f"{key}.{option.key}") for block in blocks for option in options(block)]
    return found


def attributes(thing: type) -> dict[str, str]:
    """Read the ``Attributes`` of a class's docstring (Google's style), those of its bases included."""
    found: dict[str, str] = {}
    for one in reversed(thing.__mro__):
        text = inspect.cleandoc(one.__doc__ or "") if "__doc__" in vars(one) else ""
        _, _, listed = text.partition("Attributes:\n")
        for name, meaning in re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", listed, flags=re.MULTILINE):
            found[name] = paragraph(meaning)
    return found


def paragraph(text: str | None) -> str:
    """Give the first paragraph in one line, in Markdown's single backquotes."""
    first = inspect.cleandoc(text or "").split("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


def _blocks(annotation: Any) -> Iterator[type[BaseModel]]:
    """Find the spec whose keys stand below a key: ``Block`` or ``Block | None``, no choice of several."""
    members = [each for each in (annotation, *getattr(annotation, "__args__", ())) if isinstance(each, type)]
    specs = [each for each in members if issubclass(each, BaseModel)]
    return iter(specs if len(specs) == 1 and "kind" not in specs[0].model_fields else [])


def _values(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "oneOf" in schema:
        return "one block, of kind " + ", ".join(f"`{name}`" for name in schema["discriminator"]["mapping"])
    if "anyOf" in schema:
        return " or ".join(_values(each, definitions) for each in schema["anyOf"] if each.get("type") != "null")
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{value if isinstance(value, str) else _yaml(value)}`" for value in values)
    if schema.get("type") == "array":
        return f"list, each {_values(schema['items'], definitions)}"
    bounds = ", ".join(text.format(f"{schema[name]:g}") for name, text in BOUNDS.items() if name in schema)
    return " ".join(filter(None, [KINDS.get(schema.get("type", ""), "a block"), bounds]))


def _yaml(value: object) -> str:
    """Write a value as ``params.yaml`` would; a block as its name says nothing, and is left to its own keys."""
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if value == "none":
        return '"none"'  # YAML's none is no text
    text = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(fill(file.read_text(encoding="utf-8")), encoding="utf-8")
