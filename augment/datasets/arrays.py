"""Sources that are arrays: images N×H×W, N×H×W×C or N×C×H×W beside N labels, one pair a split."""

import itertools
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
        shape: Of the images: N×H×W, N×H×W×C or N×C×H×W.
        images: Gives each image in order, as ``shape`` has it.
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
            _require_labels(raw, part)
        first = [_channels_first(raw, part) for part in parts]
        labels = np.concatenate([part.labels.reshape(-1) for part in parts])
        if not len(labels):
            raise DataError(f"{raw}: expected images, found none")
        values, numbers = np.unique(labels, return_inverse=True)
        words = [_word(value, classes, raw) for value in values]
        names = [name for name in classes if name in words] if classes else class_order(words)
        place = np.asarray([names.index(word) for word in words], dtype=np.int64)
        splits = np.repeat([part.split for part in parts], [len(part.labels) for part in parts])
        told = Told(place[numbers], tuple(names), None, None, splits if parts[0].split else None, account)
        images = (_images(part, channels_first=turned) for part, turned in zip(parts, first, strict=True))
        return Listing(told, itertools.chain.from_iterable(images))


def _require_labels(raw: Path, part: Part) -> None:
    labels = part.labels
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise DataError(
            f"{raw}: {part.name}: each image has one label here, found labels of shape {labels.shape}: several an "
            "image, or one-hot ones, of which argmax(axis=1) makes what is read here"
        )
    if labels.dtype.kind not in "iuUb" or labels.ndim not in (1, 2):
        raise DataError(
            f"{raw}: {part.name}: expected labels that are whole numbers or text, found {labels.dtype}"
            + (": labels.astype(int) makes them such" if labels.dtype.kind == "f" else "")
        )
    if part.shape[:1] != (labels.size,):
        count = part.shape[0] if part.shape else "no"
        raise DataError(f"{raw}: {part.name}: found {count} images, but {labels.size} labels of them")


CHANNELS = (1, 3)


def _channels_first(raw: Path, part: Part) -> bool:
    """Whether channels stand before height and width, as PyTorch has them; no image is one or three pixels wide.

    Raises:
        DataError: The images have another shape.
    """
    shape = part.shape
    if len(shape) == 3 or (len(shape) == 4 and shape[3] in CHANNELS):
        return False
    if len(shape) == 4 and shape[1] in CHANNELS:
        return True
    remedies = {
        2: ": images.reshape(-1, height, width) makes pictures of rows",
        4: ": choose one or three channels, e.g. images[..., :3]",
    }
    raise DataError(
        f"{raw}: {part.name}: expected images N×H×W, N×H×W×C or N×C×H×W with C 1 or 3, found {shape}"
        + remedies.get(len(shape), "")
    )


def _images(part: Part, *, channels_first: bool) -> Iterator[Numbers]:
    """Give each image, H×W or H×W×3."""
    for image in part.images():
        turned = np.moveaxis(image, 0, -1) if channels_first else image
        yield turned[..., 0] if turned.ndim == 3 and turned.shape[2] == 1 else turned


def _word(value: np.generic, classes: Sequence[str] | None, raw: Path) -> str:
    if classes is None or isinstance(value, np.str_):
        return str(value)
    number = int(value)
    if not 0 <= number < len(classes):
        raise DataError(f"{raw}: expected labels from 0 to {len(classes) - 1}, found {number} ({listed(classes)})")
    return str(classes[number])


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
        yield from np.frombuffer(data, dtype).reshape(count, *shape[1:])
