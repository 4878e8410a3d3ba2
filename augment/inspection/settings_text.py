"""A block put into ``params.yaml`` as text: every other byte of the file, its comments among them, stays."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from augment.core.errors import SettingsError

FLOWED = 72
"""Characters up to which a block stands on one line."""


def block_text(name: str, block: dict[str, Any], indent: int = 2) -> str:
    """Write a dataset's block as it stands under ``datasets:``."""
    writer = YAML()
    writer.width = 4096
    writer.indent(mapping=2, sequence=4, offset=2)
    buffer = io.StringIO()
    writer.dump({name: _flowed(block, top=True)}, buffer)
    return "".join(" " * indent + line for line in buffer.getvalue().splitlines(keepends=True))


def with_dataset(path: Path, name: str, block: dict[str, Any]) -> str:
    """Give the text of a settings file with one more dataset, behind the last.

    Raises:
        SettingsError: The file has no ``datasets`` with a dataset on a line of its own.
    """
    text = path.read_text(encoding="utf-8-sig")
    root = YAML(typ="safe", pure=True).compose(text)
    found = [value for key, value in root.value if key.value == "datasets"] if isinstance(root, MappingNode) else []
    if not found or not isinstance(found[0], MappingNode) or found[0].flow_style or not found[0].value:
        raise SettingsError(f"{path}: expected `datasets:` and a dataset on lines of its own, to put another behind it")
    lines = text.splitlines(keepends=True)
    last = _last_line(found[0])
    ending = "" if lines[last].endswith("\n") else "\n"
    lines.insert(last + 1, ending + block_text(name, block, found[0].value[0][0].start_mark.column))
    return "".join(lines)


def _last_line(node: Node) -> int:
    """Find the last line that a value stands on; comments and empty lines behind it are not its."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style:
        parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
        return max([_last_line(part) for part in parts], default=node.start_mark.line)
    return int(node.end_mark.line if node.end_mark.column else max(node.start_mark.line, node.end_mark.line - 1))


def _flowed(value: Any, *, top: bool = False) -> Any:
    """Lay short blocks out on one line: ``{kind: smote}``."""
    if isinstance(value, dict):
        made = CommentedMap((key, _flowed(each)) for key, each in value.items())
        if not top and not any(isinstance(each, dict) for each in value.values()) and len(str(value)) <= FLOWED:
            made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        listing = CommentedSeq(value)
        listing.fa.set_flow_style()
        return listing
    return value
