"""What is known of a dataset before anything is read whole: shape, classes, about how many images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augment.core.images import ImageSet, IntArray, make_image_set
from augment.core.seeding import numpy_generator
from augment.datasets.files import survey
from augment.datasets.raw import Source
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.sources.torchvision import TorchvisionSource
from augment.datasets.split_spec import Scarcity, SplitSpec

MNIST_FAMILY = 7000, 1000
"""Images of each of ten classes, and how many of those its authors set apart for testing."""

STAND_IN = 256
"""Images of a stand-in, at most, unless there are more classes than half of that."""


@dataclass(frozen=True)
class Facts:
    """A dataset in numbers.

    Attributes:
        shape: Channels, height, width.
        train: Images of each class in the train split, shape (K,).
        val: Images in the val split.
        test: Images in the test split.
    """

    shape: tuple[int, int, int]
    train: IntArray
    val: int
    test: int

    @property
    def classes(self) -> int:
        """Number of classes K."""
        return len(self.train)

    @property
    def form(self) -> tuple[object, ...]:
        """Shape and classes: what decides how long an image takes."""
        return self.shape, self.classes

    def __str__(self) -> str:
        side = "×".join(map(str, self.shape))
        return (
            f"{self.classes} classes of {side} pixels, about {self.train.sum()} train, {self.val} val, {self.test} test"
        )


@dataclass(frozen=True)
class Counted:
    """What a source has, by names and numbers alone.

    Attributes:
        classes: Class names.
        counts: Images of each, shape (K,).
        official: How many of each the source itself sets apart for testing, shape (K,); None where it says nothing.
    """

    classes: tuple[str, ...]
    counts: IntArray
    official: IntArray | None = None


def facts(source: Source, split: SplitSpec, scarcity: Scarcity, raw: Path) -> Facts:
    """Count a dataset's images without decoding them; duplicates and what cannot be read are counted, too.

    Raises:
        DataError: The files cannot be used as they are.
    """
    found = count(source, raw)
    counts = found.counts
    total, official = int(counts.sum()), 0 if found.official is None else int(found.official.sum())
    test = official if split.test == "official" else _apart(split.test, total)
    val = _apart(split.val, total - test)
    train = np.maximum(counts * max(total - test - val, 0) // max(total, 1), 1)
    wanted = scarcity.targets(len(counts))
    return Facts(source.image_shape, train if wanted is None else np.minimum(train, wanted), val, test)


def stand_in(known: Facts) -> ImageSet:
    """Make noise of a dataset's shape and classes: what images show does not change how long a step takes."""
    count = max(2 * known.classes, min(int(known.train.sum()), STAND_IN))
    pixels = numpy_generator(0, "estimate").integers(0, 256, size=(count, *known.shape), dtype=np.uint8)
    return make_image_set(pixels, np.arange(count) % known.classes, [str(label) for label in range(known.classes)])


def _apart(size: float | int, total: int) -> int:
    return round(size * total) if isinstance(size, float) else min(size, total)


def count(source: Source, raw: Path) -> Counted:
    """Count the images of each class without decoding them; duplicates and what cannot be read are counted, too.

    Raises:
        DataError: The files cannot be used as they are.
    """
    if isinstance(source, TorchvisionSource):  # yet to be downloaded, perhaps
        each, official = (np.full(10, number) for number in MNIST_FAMILY)
        return Counted(tuple(str(label) for label in range(10)), each, official)
    if isinstance(source, ImageFolderSource):
        files = survey(raw, beside=[source.groups] if source.groups else []).files
        return Counted(tuple(files), np.asarray([len(own) for own in files.values()]))
    images = source.load(raw)
    apart = (
        None if images.is_test is None else np.bincount(images.labels[images.is_test], minlength=len(images.classes))
    )
    return Counted(images.classes, images.counts(), apart)
