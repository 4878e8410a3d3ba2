"""An export as files, made one after the other: what there was of it before it was cut short is not made again."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from augment.core.errors import DataError
from augment.core.store import whole, write_json

CONTENT = "export.json"
"""What an export is of, in it from its beginning."""


Writer = Callable[[Path, Path], None]
"""Is given the path to write to, and the folder of the export with all that was written before."""


class Piece(NamedTuple):
    """One file of an export.

    Attributes:
        name: Its path within the export.
        images: How many images it holds, for the bar.
        write: Writes it.
    """

    name: str
    images: int
    write: Writer


def export(target: Path, content: Mapping[str, Any], pieces: Iterable[Piece], images: int) -> None:
    """Write an export: the target appears once it is whole. An unfinished one of the same content is continued.

    Args:
        target: The folder to make.
        content: What tells this export from any other; plain JSON values.
        pieces: Its files, each of which must be the same bytes however often it is written.
        images: How many there are in all.

    Raises:
        DataError: The target exists, an unfinished export of other content is in the way, or nothing can be written.
    """
    draft = target.with_name(f".{target.name}.partial")
    if os.path.lexists(target):
        raise DataError(
            f"{target}: expected nothing there, as nothing is overwritten; choose another --to, or remove it"
        )
    try:
        _begin(draft, dict(content), target)
        with tqdm(total=images, desc=f"export to {target}", unit="image", disable=None) as bar:
            for piece in pieces:
                if not (draft / piece.name).exists():
                    with whole(draft / piece.name) as path:
                        piece.write(path, draft)
                bar.update(piece.images)
        draft.rename(target)
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror or error}): {error.filename}") from error


def _begin(draft: Path, content: dict[str, Any], target: Path) -> None:
    """Make the folder of an unfinished export, or see to it that the one there is of this content."""
    if draft.exists():
        found: Any = None
        with suppress(OSError, ValueError):
            found = json.loads((draft / CONTENT).read_text(encoding="utf-8"))
        if found != content:
            raise DataError(
                f"{draft}: an unfinished export of other content is in the way of {target}; remove it first"
            )
        return
    with whole(draft) as folder:
        folder.mkdir()
        write_json(folder / CONTENT, content)
