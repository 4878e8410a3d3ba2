"""A folder of image files a class."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from augment.core.errors import DataError
from augment.core.text import LISTED
from augment.datasets.raw import MAX_SIDE, MIN_SIDE, FileAccount, RawImages, Shape, Source


class ImageFolderSource(Source):
    """One folder of image files a class (torchvision's ``ImageFolder`` convention).

    Every image is turned upright (EXIF), laid on white where transparent, converted to ``mode``, cropped at the
    centre to a square and resized to ``image_size`` (bilinear, antialiased).

    Attributes:
        image_size: Height and width, in pixels.
        mode: Of the result.
        groups: Name of a CSV file beside the class folders that says which group each image belongs to.
    """

    RENAMED: ClassVar[dict[str, str]] = {"size": "image_size"}

    kind: Literal["image_folder"]
    image_size: Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)]
    mode: Literal["grey", "rgb"]
    groups: Annotated[str, Field(pattern=r"^[\w.-]+\.csv$")] | None = None

    @property
    def image_shape(self) -> Shape:
        """Shape of every image."""
        return 1 if self.mode == "grey" else 3, self.image_size, self.image_size

    def load(self, raw: Path) -> RawImages:
        """Read every image of every class folder.

        Raises:
            DataError: A file is neither read nor harmless, an image cannot be decoded, or ``groups`` is not there or
                does not name one group for each image. All of them are told at once.
        """
        from augment.datasets.files import survey
        from augment.datasets.groups import read_groups

        found = survey(raw, beside=[self.groups] if self.groups else [])
        names = [name for own in found.files.values() for name in own]
        labels = np.repeat(np.arange(len(found.files)), [len(own) for own in found.files.values()])
        groups = None if self.groups is None else read_groups(raw / self.groups, names)
        images, notes = self._decode_all(raw, names)
        left_out = {reason: tuple(files) for reason, files in found.left_out.items()}
        account = FileAccount(left_out, tuple(notes), tuple(found.warnings))
        return RawImages(images, labels, tuple(found.files), None, groups, np.asarray(names), account)

    def _decode_all(self, raw: Path, names: list[str]) -> tuple[np.ndarray, list[str]]:
        """Decode every file, into one array; and say what was done to how many."""
        from augment.datasets.decoding import Decoded, decode

        images = np.empty((len(names), *self.image_shape), dtype=np.uint8)
        counts = dict.fromkeys(Decoded._fields[1:], 0)
        bad: list[str] = []
        for row, name in enumerate(names):
            try:
                decoded = decode(raw / name, self.image_size, self.mode)
            except DataError as error:
                bad.append(f"{raw / name}: {error}")
                continue
            images[row] = decoded.pixels
            for what in counts:
                counts[what] += getattr(decoded, what)
        if len(bad) == 1:
            raise DataError(bad[0])
        if bad:
            more = [f"and {len(bad) - LISTED} more"] if len(bad) > LISTED else []
            raise DataError(
                f"{raw}: {len(bad)} of {len(names)} image files cannot be used:\n  "
                + "\n  ".join([*bad[:LISTED], *more])
            )
        said = {
            "cropped": "are not square: what lies outside the square in the middle is cut off",
            "enlarged": f"are smaller than image_size ({self.image_size}), and enlarged",
            "pictures": "hold further pictures, which a camera added: the first is read",
            "profiled": "are in CMYK or the like, and converted without a colour profile",
        }
        return images, [f"{count} of {len(names)} images {said[what]}" for what, count in counts.items() if count]
