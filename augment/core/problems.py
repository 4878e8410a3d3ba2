"""How a validation failure of pydantic is told to the user: the key, what was expected there, what was found."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

NO_BLOCK = ("model_type", "model_attributes_type", "dict_type")
SHOULD_BE = "Input should be "


def sentences(error: ValidationError, schema: Mapping[str, Any], value: object) -> list[str]:
    """Tell every problem in a sentence; what the members of a union say of one value is one problem.

    Args:
        error: What pydantic raised.
        schema: What it validated by, its core schema: the names that stand there are those that are expected.
        value: What was validated.
    """
    told = list[str]()
    previous = None
    for detail in error.errors():
        place = _path(detail["loc"], value, missing=False), detail["msg"].startswith(SHOULD_BE), detail["input"]
        if place[1] and place == previous:
            before, mark, found = told[-1].rpartition(" (found ")
            told[-1] = f"{before}, or {detail['msg'].removeprefix(SHOULD_BE)}{mark}{found}"
        else:
            told.append(_sentence(detail, schema, value))
        previous = place
    return told


def _sentence(detail: Any, schema: Mapping[str, Any], value: object) -> str:
    location, kind = detail["loc"], detail["type"]
    key = _path(location, value, missing=kind == "missing") or "(top level)"
    nodes = _nodes(schema, location[:-1] if kind == "extra_forbidden" else location)
    match kind:
        case "extra_forbidden":
            told = f"unknown key; {_one_of(str(location[-1]), _keys(nodes))}"
        case "missing":
            told = "missing; it has no default"
        case "union_tag_invalid":
            key, tag = f"{key}.{_tag_key(nodes)}", str(detail["ctx"]["tag"])
            told = f"unknown {tag!r:.80}; {_one_of(tag, _tags(nodes))}"
        case "union_tag_not_found":
            key, told = f"{key}.{_tag_key(nodes)}", f"missing; expected one of {', '.join(_tags(nodes))}"
        case _ if kind in NO_BLOCK and not isinstance(detail["input"], dict):
            told = f"{_block(nodes, detail['input'])} (found {detail['input']!r:.80})"
        case _:
            return _in_its_words(detail, key)
    return f"{key}: {told}"


def _in_its_words(detail: Any, key: str) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"] and re.match(r"[\w.]+: ", message):
        return str(message)  # begins with the key that it is about
    # What a whole block was found to be says nothing: the message names the part of it.
    found = "" if isinstance(detail["input"], dict) else f" (found {detail['input']!r:.80})"
    return f"{key}: {message[0].lower()}{message[1:]}{found}"


def _one_of(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}expected one of {', '.join(known)}" if known else "expected none here"


def _block(nodes: Sequence[Mapping[str, Any]], found: object) -> str:
    """Say what stands in a block, and how to write the method that is perhaps meant by a bare word."""
    tags, keys = _tags(nodes), _keys(nodes)
    if tags and found in tags:
        return f"expected a block; write {{{_tag_key(nodes)}: {found}}}"
    if tags:
        return f"expected a block with the key {_tag_key(nodes)}, one of {', '.join(tags)}"
    return (
        f"expected a block with keys out of {', '.join(keys)}" if keys else "expected a block: a key and a value a line"
    )


def _keys(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for node in nodes for name in node.get("fields", {})]


def _tags(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(tag) for node in nodes for tag in node.get("choices", {}) if node["type"] == "tagged-union"]


def _tag_key(nodes: Sequence[Mapping[str, Any]]) -> str:
    """Name the key that tells methods apart."""
    node = next(node for node in nodes if node["type"] == "tagged-union")
    return str(node.get("metadata", {}).get("tag") or node["discriminator"])


def _nodes(schema: Mapping[str, Any], location: Sequence[str | int]) -> list[Mapping[str, Any]]:
    """List what a core schema says of a place, from the outside inwards; of a plain union, only that it is one."""
    passed, rest = list[Mapping[str, Any]](), list(location)
    while True:
        passed.append(schema)
        fields, choices = schema.get("fields", {}), schema.get("choices", {})
        if rest and rest[0] in fields:
            schema, passed = fields[rest.pop(0)]["schema"], []
        elif rest and schema["type"] == "tagged-union" and rest[0] in choices:
            schema = choices[rest.pop(0)]
        elif rest and (inner := schema.get("values_schema") or schema.get("items_schema")):
            rest.pop(0)
            schema, passed = inner, []
        elif "schema" in schema:
            schema = schema["schema"]
        else:
            return passed


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
