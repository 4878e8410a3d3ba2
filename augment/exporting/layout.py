"""What every format of image sets is: files, and how to read them."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from augment.core.images import SYNTHETIC, blocks
from augment.core.registry import Registry
from augment.exporting.pictures import png
from augment.exporting.pieces import Piece
from augment.finished.images import Part

METADATA = "metadata.csv"
ROWS_AT_ONCE = 50_000
UNFIT = re.compile(r'[\x00-\x1f/\\:*?"<>|%\x7f]|^[. ]|[. ]$')
"""What some system does not take in the name of a folder."""


class Layout(NamedTuple):
    """An image set in a format.

    Attributes:
        pieces: Its files, in the order in which they are to be written.
        metadata: Which of them is the table of all images.
        data_files: Pattern of the files that Hugging Face's datasets is to read; None where it cannot.
        usage: Python that reads it, from the folder above.
    """

    pieces: Iterator[Piece]
    metadata: str
    data_files: str | None
    usage: str


FORMATS: Registry[Callable[[Part, str], Layout]] = Registry("format", "augment.exporting.formats.*")
"""Functions of an image set and the name of the folder that it goes to."""


def numbers(part: Part) -> list[str]:
    """Number all images, so that names sort as the images do."""
    digits = max(6, len(str(len(part.images))))
    return [f"{row:0{digits}d}" for row in range(len(part.images))]


def folder_name(class_name: str) -> str:
    """Write a class name as the name of a folder that every system takes: ``T-shirt/top`` is ``T-shirt%2Ftop``."""
    return UNFIT.sub(lambda sign: f"%{ord(sign[0]):02X}", class_name) or "%"


def picture(part: Part, row: int) -> bytes:
    """Encode one image as PNG, marked where it is synthetic."""
    about: dict[str, str | int | None] | None = None
    if part.synthetic[row]:
        label = part.images.classes[part.labels[row]]
        about = {"origin": SYNTHETIC, "dataset": part.dataset, "label": label}
        about |= {"synthesizer": part.synthesizer, "generator_seed": part.seeds[row]}
    return png(part.images.images[row], about)


def picture_piece(part: Part, row: int, name: str) -> Piece:
    """Make a file of one image."""

    def write(path: Path, _: Path) -> None:
        path.write_bytes(picture(part, row))

    return Piece(name, 1, write)


def metadata(part: Part, file_names: Sequence[str], name: str = METADATA) -> Piece:
    """Make the table of all images: ``file_name``, then what `augment.finished.images.provenance` tells."""

    def write(path: Path, _: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            for rows in blocks(len(file_names), 1, ROWS_AT_ONCE):
                some = part.facts.iloc[rows].copy()
                some.insert(0, "file_name", list(file_names[rows]))
                some.to_csv(file, index=False, header=rows.start == 0, lineterminator="\n")

    return Piece(name, 0, write)
