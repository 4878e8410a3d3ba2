"""A settings file in YAML, read as DVC reads it, and nothing in it that two readers would take for two things."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from augment.core.errors import SettingsError
from augment.core.text import first_line, listed, printable

MOST_BYTES, MOST_NODES = 1 << 20, 100_000
"""What no settings come near: a file of a few lines can stand for more values than a memory holds, by its aliases."""
TEXT = "tag:yaml.org,2002:str"
MERGE = "tag:yaml.org,2002:merge"


def load_yaml(path: Path) -> Any:
    """Read a YAML file (version 1.2, as DVC does: ``4e-3`` is a number, ``no`` a word) as plain values.

    Raises:
        SettingsError: The file is not there, is not YAML in UTF-8, has a key twice, or a key that a reader of YAML
            takes for something other than text: ``no`` is false and ``1e3`` a thousand to some. The line is told.
    """
    text = _text(path)
    reader = YAML(typ="safe")
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        _refuse_size(path, root)
        _refuse_keys(path, root)
        return reader.load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or first_line(error)
        raise SettingsError(f"{path}:{line} not valid YAML: {problem}") from error
    except (ValueError, RecursionError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path}: not valid YAML: {first_line(error)}") from error


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if len(data) > MOST_BYTES:
            raise SettingsError(f"{path}: expected settings of at most {MOST_BYTES >> 20} MiB, found {len(data)} bytes")
        return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(
            f"{path}: expected the settings here, found no file; run from the project's top folder"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: expected YAML in UTF-8 ({first_line(error)})") from error


def _refuse_size(path: Path, root: Node | None) -> None:
    """Refuse what its aliases blow up, or that holds itself."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: Node) -> int:
        if id(node) in open_nodes:
            raise SettingsError(f"{path}: line {node.start_mark.line + 1}: expected no alias of what it stands in")
        if id(node) not in sizes:
            open_nodes.add(id(node))
            sizes[id(node)] = 1 + sum(size(child) for child in _children(node))
            open_nodes.discard(id(node))
        return sizes[id(node)]

    if root is not None and (found := size(root)) > MOST_NODES:
        raise SettingsError(f"{path}: expected settings, found {found} values by its aliases")


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _refuse_keys(path: Path, root: Node | None) -> None:
    """Refuse keys that stand twice, and those that some reader takes for something other than text."""
    problems: list[str] = []
    for node in _mappings(root):
        first: dict[str, int] = {}
        for key, _ in node.value:
            line, name = key.start_mark.line + 1, str(key.value) if isinstance(key, ScalarNode) else "(a block)"
            if key.tag == MERGE:
                continue
            if name in first:
                problems.append(f"line {line}: {printable(name)} stands here again, after line {first[name]}")
            first.setdefault(name, line)
            if not isinstance(key, ScalarNode) or key.tag != TEXT or not _is_text(name):
                problems.append(
                    f"line {line}: expected a name, found {printable(name)}, which YAML may read as {_reading(name)}; "
                    "call it otherwise"
                )
    if problems:
        raise SettingsError(f"{path}: {listed(problems, '; ')}")


def _mappings(root: Node | None) -> Iterator[MappingNode]:
    waiting, seen = [root] if root is not None else [], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            yield node
        waiting += reversed(_children(node))


def _reading(name: str) -> Any:
    """Give what a reader that is not ours makes of a name: YAML 1.1 has more words for true and false."""
    readings = []
    for read in (yaml.safe_load, YAML(typ="safe").load):
        try:
            readings.append(read(name))
        except Exception:  # noqa: S112  # what it cannot read it does not read as something else
            continue
    return next((each for each in readings if not isinstance(each, str)), "a block")


def _is_text(name: str) -> bool:
    return isinstance(_reading(name), str)
