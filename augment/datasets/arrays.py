"""Sources that are arrays: images N×H×W or N×H×W×C beside N labels, one pair a split."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from augment.core.errors import DataError
from augment.core.text import listed
from augment.datasets.pictures import PictureSource
from augment.datasets.raw import FileAccount
from augment.datasets.told import Listing, Told, class_order

Numbers = npt.NDArray[np.generic]


class Part(NamedTuple):
    """Images of one split, read when they are asked for.

    Attributes:
        name: Of the array, for messages.
        split: ``train``, ``val``, ``test``, or empty where nothing says.
        shape: Of the images: N×H×W or N×H×W×C.
        images: Gives each image in order, H×W or H×W×C.
        labels: One an image.
    """

    name: str
    split: str
    shape: tuple[int, ...]
    images: Callable[[], Iterator[Numbers]]
    labels: Numbers


class ArraySource(PictureSource):
    """Arrays of images."""

    @abstractmethod
    def parts(self, raw: Path) -> tuple[list[Part], Sequence[str] | None, FileAccount]:
        """Find the arrays, the class names where they are told, and what is left out.

        Raises:
            DataError: They are not there or cannot be used as they are.
        """

    def listing(self, raw: Path) -> Listing:
        """Read all labels.

        Raises:
            DataError: The arrays are not there, do not fit together, or hold several labels an image.
        """
        parts, classes, account = self.parts(raw)
        for part in parts:
            _require_fit(raw, part)
        labels = np.concatenate([part.labels.reshape(-1) for part in parts])
        if not len(labels):
            raise DataError(f"{raw}: expected images, found none")
        values, numbers = np.unique(labels, return_inverse=True)
        words = [_word(value, classes, raw) for value in values]
        names = [name for name in classes if name in words] if classes else class_order(words)
        place = np.asarray([names.index(word) for word in words], dtype=np.int64)
        splits = np.repeat([part.split for part in parts], [len(part.labels) for part in parts])
        told = Told(place[numbers], tuple(names), None, None, splits if parts[0].split else None, account)
        return Listing(told, (image for part in parts for image in part.images()))


def _require_fit(raw: Path, part: Part) -> None:
    labels, shape = part.labels, part.shape
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise DataError(
            f"{raw}: {part.name}: each image has one label here, found labels of shape {labels.shape}: several an "
            "image, or one-hot ones, of which argmax(axis=1) makes what is read here"
        )
    if labels.dtype.kind not in "iuUb" or labels.ndim not in (1, 2):
        raise DataError(f"{raw}: {part.name}: expected labels that are whole numbers or text, found {labels.dtype}")
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)):
        raise DataError(f"{raw}: {part.name}: expected images N×H×W or N×H×W×C with C 1 or 3, found {shape}")
    if shape[0] != labels.size:
        raise DataError(f"{raw}: {part.name}: found {shape[0]} images, but {labels.size} labels of them")


def _word(value: np.generic, classes: Sequence[str] | None, raw: Path) -> str:
    if classes is None or isinstance(value, np.str_):
        return str(value)
    number = int(value)
    if not 0 <= number < len(classes):
        raise DataError(f"{raw}: expected labels from 0 to {len(classes) - 1}, found {number} ({listed(classes)})")
    return str(classes[number])


def pixels(image: Numbers) -> Numbers:
    """Drop the axis of a single channel."""
    return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image


def blocked(read: Callable[[int], bytes], shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Iterator[Numbers]:
    """Give the rows of an array in C order, some at a time.

    Args:
        read: Gives that many bytes.
        shape: Of the array, rows first.
        dtype: Of its numbers.

    Raises:
        DataError: There are fewer bytes.
    """
    size = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
    at_once = max(1, (1 << 22) // max(1, size))
    for start in range(0, shape[0], at_once):
        count = min(at_once, shape[0] - start)
        data = read(count * size)
        if len(data) != count * size:
            raise DataError("the file ends too early")
        for image in np.frombuffer(data, dtype).reshape(count, *shape[1:]):
            yield pixels(image)
