"""An image set in another format, with its datasheet and its Croissant file."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from augment.exporting.croissant import croissant
from augment.exporting.datasheet import datasheet
from augment.exporting.layout import FORMATS, Layout
from augment.exporting.pieces import Piece, export
from augment.finished.images import Part

EXPORT_VERSION = 1


def export_images(part: Part, name: str, target: Path, beside: Sequence[Piece] = ()) -> None:
    """Write an image set in a format; see `export` for what happens to what is there.

    Args:
        part: What to write.
        name: One of `FORMATS`, its words joined by ``-`` or ``_``.
        target: The folder to make.
        beside: Further files.

    Raises:
        SettingsError: There is no such format.
        DataError: See `export`.
    """
    name = name.replace("-", "_")
    layout = FORMATS[name](part, target.name)
    content = {
        "version": EXPORT_VERSION,
        "dataset": part.dataset,
        "what": part.what,
        "format": name,
        "images": len(part.images),
        "facts": _fingerprint(part),
        "made_by": part.made_by,
    }
    export(target, content, chain(_pieces(part, layout), beside), len(part.images))


def _pieces(part: Part, layout: Layout) -> Iterator[Piece]:
    yield from layout.pieces
    yield Piece("README.md", 0, lambda path, _: _write(path, datasheet(part, layout)))
    yield Piece("croissant.json", 0, lambda path, draft: _write(path, croissant(part, layout, draft)))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _fingerprint(part: Part) -> str:
    """Hash all that is told of the images, their content hashes among it."""
    digest = hashlib.sha256()
    for known in part.known():
        digest.update(repr(sorted(known.items())).encode())
    return digest.hexdigest()
