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


def facts(source: Source, split: SplitSpec, scarcity: Scarcity, raw: Path) -> Facts:
    """Count a dataset's images without decoding them; duplicates and what cannot be read are counted, too.

    Raises:
        DataError: The files cannot be used as they are.
    """
    counts, official = _count(source, raw)
    total = int(counts.sum())
    test = official if split.test == "official" else _apart(split.test, total)
    val = _apart(split.val, total - test)
    train = np.maximum(counts * max(total - test - val, 0) // max(total, 1), 1)
    wanted = scarcity.targets(len(counts))
    return Facts(source.image_shape, train if wanted is None else np.minimum(train, wanted), val, test)


def stand_in(known: Facts) -> ImageSet:
    """Make noise of a dataset's shape and classes: what images show does not change how long a step takes."""
    count = max(2 * known.classes, min(int(known.train.sum()), STAND_IN))
    pixels = numpy_generator(0, "estimate").integers(0, 256, size=(count, *known.shape), dtype=np.uint8)
    made = make_image_set(pixels, np.arange(count) % known.classes, [str(label) for label in range(known.classes)])
    # Two groups of every class, as translators want them; nobody else asks.
    groups = np.asarray(["a", "b"])[np.arange(count) // known.classes % 2]
    return ImageSet(made.images, made.manifest.assign(group=groups), made.classes)


def _apart(size: float | int, total: int) -> int:
    return round(size * total) if isinstance(size, float) else min(size, total)


def _count(source: Source, raw: Path) -> tuple[IntArray, int]:
    """Count the images of each class, and those set apart for testing."""
    if isinstance(source, TorchvisionSource):  # yet to be downloaded, perhaps
        each, official = MNIST_FAMILY
        return np.full(10, each), 10 * official
    if isinstance(source, ImageFolderSource):
        files = survey(raw, beside=[source.groups] if source.groups else []).files
        return np.asarray([len(own) for own in files.values()]), 0
    return source.load(raw).counts(), 0
