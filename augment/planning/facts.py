"""What is known of a dataset before anything is read whole: shape, classes, about how many images."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augment.core.errors import DataError
from augment.core.images import ImageSet, IntArray, make_image_set
from augment.core.seeding import numpy_generator
from augment.datasets.sources import load_raw
from augment.datasets.specs import ImageFolderSource, ScarcitySpec, SourceSpec, SplitSpec, TorchvisionSource
from augment.datasets.splits import class_targets

MNIST_FAMILY = ((1, 28, 28), 7000, 1000)
"""Shape, images a class, and how many of those its authors set apart for testing."""

STAND_IN = 256
"""Images of a stand-in, at most, unless there are more classes than half of that."""


@dataclass(frozen=True)
class Facts:
    """A dataset in numbers.

    Attributes:
        shape: Channels, height, width.
        images: All of them.
        train: Of each class in the train split, shape (K,).
        val: In the val split.
        test: In the test split.
    """

    shape: tuple[int, int, int]
    images: int
    train: IntArray
    val: int
    test: int

    @property
    def classes(self) -> int:
        """Number of classes K."""
        return len(self.train)

    def __str__(self) -> str:
        side = "×".join(map(str, self.shape))
        return (
            f"{self.classes} classes of {side} pixels, about {self.train.sum()} train, {self.val} val, {self.test} test"
        )


def facts(source: SourceSpec, split: SplitSpec, scarcity: ScarcitySpec, raw: Path) -> Facts:
    """Count a dataset's images without decoding them; duplicates and what cannot be read are counted, too.

    Raises:
        DataError: There are no images.
    """
    shape, counts, official = _survey(source, raw)
    total = int(counts.sum())
    test = official if split.test == "official" else _apart(split.test, total)
    val = _apart(split.val, total - test)
    train = np.maximum(counts * max(total - test - val, 0) // max(total, 1), 1)
    wanted = class_targets(scarcity, len(counts))
    if wanted is not None:
        train = np.minimum(train, wanted)
    return Facts(shape, total, train.astype(np.int64), val, test)


def stand_in(known: Facts) -> ImageSet:
    """Make noise of a dataset's shape and classes: what images show does not change how long a step takes."""
    count = max(2 * known.classes, min(int(known.train.sum()), STAND_IN))
    pixels = numpy_generator(0, "estimate").integers(0, 256, size=(count, *known.shape), dtype=np.uint8)
    names = [str(label) for label in range(known.classes)]
    return make_image_set(pixels, np.arange(count) % known.classes, names)


def _apart(size: float | int, total: int) -> int:
    return round(size * total) if isinstance(size, float) else min(size, total)


def _survey(source: SourceSpec, raw: Path) -> tuple[tuple[int, int, int], IntArray, int]:
    """Give shape, images of each class, and images set apart for testing."""
    match source:
        case TorchvisionSource():
            shape, each, official = MNIST_FAMILY
            return shape, np.full(10, each), 10 * official
        case ImageFolderSource(size=size, mode=mode):
            return (1 if mode == "grey" else 3, size, size), _count_files(raw), 0
    found = load_raw(source, raw)
    channels, height, width = found.images.shape[1:]
    return (channels, height, width), np.bincount(found.labels, minlength=len(found.classes)), 0


def _count_files(raw: Path) -> IntArray:
    folders = sorted(path for path in raw.glob("[!.]*") if path.is_dir())
    counts = [sum(len(names) for _, _, names in os.walk(folder)) for folder in folders]
    if not sum(counts):
        raise DataError(f"{raw}: expected one folder of images a class, found none")
    return np.asarray(counts, dtype=np.int64)
