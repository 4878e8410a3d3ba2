"""What sources of images of any size and colour have in common: how they are made alike, and how their parts are told.

Every image is turned upright (EXIF), laid on white where transparent, converted to ``mode``, fitted to ``image_size``
(bilinear, antialiased). Images are decoded one by one into the one array that holds them all.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from augment.core.errors import DataError
from augment.core.images import UInt8Array
from augment.core.text import LISTED, printable
from augment.datasets.raw import MAX_SIDE, MIN_SIDE, RawImages, Shape, Source, Unlabelled
from augment.datasets.told import Content, Listing

if TYPE_CHECKING:
    from augment.datasets.decoding import Decoded, Look

Side = Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)]


FolderName = Annotated[str, Field(pattern=r"^[\w-][\w .-]*$")]
"""Of a folder in the raw folder itself."""


def unset(value: Any) -> bool:
    """Whether a newer key is at the default that older settings had: it then stands in no file that they made."""
    return value is None or value is False or value == "crop"


class PictureSource(Source):
    """Images of any size and colour that are made alike.

    Attributes:
        image_size: Height and width, in pixels: one number, or both: ``[96, 128]``.
        mode: Of the result.
        fit: What becomes of images of other proportions: cut off around the middle (``crop``), put on black (``pad``),
            or distorted (``stretch``).
        depth: How more than 8 bits a channel become 8: from the 0.5th to the 99.5th ``percentile`` of each image, the
            ``full`` range, or a ``window``. Without it they are refused.
        window: With ``depth: window``, the levels that become black and white, e.g. ``[-160, 240]``.
    """

    OWN_FILES = True

    kind: str
    image_size: Side | Annotated[list[Side], Field(min_length=2, max_length=2)]
    mode: Literal["grey", "rgb"]
    fit: Annotated[Literal["crop", "pad", "stretch"], Field(exclude_if=unset)] = "crop"
    depth: Annotated[Literal["percentile", "full", "window"] | None, Field(exclude_if=unset)] = None
    window: Annotated[list[float] | None, Field(min_length=2, max_length=2, exclude_if=unset)] = None

    @model_validator(mode="after")
    def _a_window_has_its_levels(self) -> "PictureSource":
        if (self.depth == "window") != (self.window is not None):
            raise ValueError("depth and window: expected window, two levels, with depth: window, and only with it")
        if self.window is not None and not self.window[0] < self.window[1]:
            raise ValueError(f"window: expected the lower level first, found {self.window}")
        return self

    @property
    def image_shape(self) -> Shape:
        """Shape of every image."""
        height, width = self.image_size if isinstance(self.image_size, list) else (self.image_size,) * 2
        return 1 if self.mode == "grey" else 3, height, width

    @cached_property
    def look(self) -> "Look":
        """What every image is made to look like."""
        from augment.datasets.decoding import Look
        from augment.datasets.levels import Levels

        _, height, width = self.image_shape
        levels = Levels(self.depth, *(self.window or ())) if self.depth else None
        return Look(height, width, self.mode, self.fit, levels)

    @abstractmethod
    def listing(self, raw: Path) -> Listing:
        """Tell what is there without decoding it.

        Raises:
            DataError: Files are missing, or cannot be used as they are; the message says what to do.
        """

    def load(self, raw: Path) -> RawImages:
        """Read all images, one after the other.

        Raises:
            DataError: See `listing`; or images cannot be decoded, of which the first ten are named.
        """
        told, contents, pool = self.listing(raw)
        names = [told.name(row) for row in range(len(told.labels))]
        images, notes = self._read(raw, names, contents)
        if pool is None:
            return told.of(images, notes)
        others, of_pool = self._read(raw, pool.names, pool.contents)
        notes += tuple(f"without labels: {note}" for note in of_pool)
        return told.of(images, notes, Unlabelled(others, np.asarray(pool.names), pool.groups))

    def _read(self, raw: Path, names: Sequence[str], contents: Iterable[Content]) -> tuple[UInt8Array, tuple[str, ...]]:
        """Decode the images of these names, and say what was done to how many."""
        from augment.datasets.decoding import Decoded

        images = np.empty((len(names), *self.image_shape), dtype=np.uint8)
        counts = dict.fromkeys(Decoded._fields[2:], 0)
        bad: list[str] = []
        read = 0
        for row, decoded in enumerate(self._decoded(contents)):
            read = row + 1
            if isinstance(decoded, DataError):
                bad.append(f"{printable(raw / names[row])}: {decoded}")
                continue
            images[row] = decoded.pixels
            for what in counts:
                counts[what] += getattr(decoded, what)
        if read != len(images):
            raise DataError(f"{raw}: expected {len(images)} images, found {read}: do the files change just now?")
        _refuse(raw, bad, len(images))
        return images, tuple(self._notes(counts, len(images)))

    def _decoded(self, contents: Iterable[Content]) -> Iterator["Decoded | DataError"]:
        """Decode each image, or say why it cannot be."""
        from augment.datasets.decoding import decode

        for content in contents:
            try:
                yield decode(content, self.look)
            except DataError as error:
                yield error

    def _notes(self, counts: dict[str, int], total: int) -> Iterator[str]:
        """Say what was done to how many images."""
        _, height, width = self.image_shape
        square, size = height == width, self.image_size if height == width else f"{height}×{width}"
        shape = "are not square" if square else f"have other proportions than {size}"
        said = {
            "crop": f"{shape}: what lies outside the {'square' if square else 'rectangle'} in the middle is cut off",
            "pad": f"{shape}: black is put around them",
            "stretch": f"{shape}: they are distorted",
        }
        sentences = {
            "fitted": said[self.fit],
            "enlarged": f"are smaller than image_size ({size}), and enlarged",
            "pictures": "hold further pictures, which a camera added: the first is read",
            "profiled": "are in CMYK or the like, and converted without a colour profile",
            "deep": f"have more than 8 bits a channel, which became 8 by depth: {self.depth}",
        }
        return (f"{count} of {total} images {sentences[what]}" for what, count in counts.items() if count)


def _refuse(raw: Path, bad: list[str], total: int) -> None:
    if len(bad) == 1:
        raise DataError(bad[0])
    if bad:
        more = [f"and {len(bad) - LISTED} more"] if len(bad) > LISTED else []
        raise DataError(
            f"{raw}: {len(bad)} of {total} image files cannot be used:\n  " + "\n  ".join([*bad[:LISTED], *more])
        )
