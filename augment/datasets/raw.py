"""What a source of labelled images is, and what it gives."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt

from augment.core.images import IntArray, UInt8Array
from augment.core.registry import Method, OneOf

Shape = tuple[int, int, int]
"""Channels, height, width."""

MIN_SIDE, MAX_SIDE = 8, 256
"""Smallest and largest image height and width, in pixels, that classifiers are built for."""


@dataclass(frozen=True)
class FileAccount:
    """What became of the files that a source met.

    Attributes:
        left_out: Reason → the files it left out, in words for a user; a file is told by its path below ``raw``.
        notes: What was done to files that are read, and a user may want to know.
        warnings: The same, where a result may be wrong for it.
    """

    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unlabelled:
    """Images that a source gives without labels, apart from the others.

    Attributes:
        images: uint8, M×C×H×W.
        names: Shape (M,): the file of each.
        groups: Names, shape (M,), as of `RawImages`; None where the source says nothing.
    """

    images: UInt8Array
    names: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_] | None = None


@dataclass(frozen=True)
class RawImages:
    """What a source gives: everything it has, before validation.

    Attributes:
        images: uint8, N×C×H×W.
        labels: int64, shape (N,), indices into ``classes``.
        classes: Class names.
        is_test: Booleans, shape (N,): what the source itself sets apart for testing; None where it says nothing.
        groups: Names, shape (N,): who or where an image is from, for example; None where the source says nothing.
        names: Shape (N,): the file of each image, e.g. ``cat/1.png``; None where images are no files.
        account: Of the files that are not read.
        is_val: Booleans, shape (N,): what the source itself sets apart for validation; None where it says nothing.
        unlabelled: Images without labels beside these; None where there are none.
    """

    images: UInt8Array
    labels: IntArray
    classes: tuple[str, ...]
    is_test: npt.NDArray[np.bool_] | None = None
    groups: npt.NDArray[np.str_] | None = None
    names: npt.NDArray[np.str_] | None = None
    account: FileAccount = FileAccount()
    is_val: npt.NDArray[np.bool_] | None = None
    unlabelled: Unlabelled | None = None

    def counts(self) -> IntArray:
        """Count the images of each class, shape (K,)."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def name(self, row: int) -> str:
        """Say which image stands at ``row``."""
        return f"image {row}" if self.names is None else str(self.names[row])


class Source(Method):
    """A source of labelled images. It reads ``raw/NAME/`` and nothing else on disk.

    A new one is a class in a file of its own under ``augment/datasets/sources``.
    """

    HOMES = ("augment.datasets.sources.*",)
    OWN_FILES: ClassVar[bool] = False
    """Whether its images are whatever the dataset's own folder holds, rather than the same for everyone."""

    @property
    @abstractmethod
    def image_shape(self) -> Shape:
        """Shape of every image that it gives."""

    @abstractmethod
    def load(self, raw: Path) -> RawImages:
        """Read all images.

        Args:
            raw: The dataset's own raw folder.

        Raises:
            DataError: Files are missing, or cannot be used as they are; the message says what to do.
        """


SourceSpec = Annotated[Source, OneOf()]
"""Settings of a source, told by ``kind``."""
