"""What is known of a dataset before anything is read whole: shape, classes, about how many images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augment.core.images import ImageSet, IntArray, make_image_set
from augment.core.seeding import numpy_generator
from augment.datasets.pictures import PictureSource
from augment.datasets.raw import Source
from augment.datasets.sources.torchvision import TorchvisionSource
from augment.datasets.split_spec import NamedGroups, OfficialPart, Scarcity, SplitSpec
from augment.datasets.told import Told

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
    told = what_is_told(source, raw)
    counts = told.counts()
    total = int(counts.sum())
    test = _apart(split.test, "test", told, total)
    val = _apart(split.val, "val", told, total - test)
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


def _apart(size: object, name: str, told: Told, total: int) -> int:
    """Count the images of a split."""
    if isinstance(size, NamedGroups):
        return int(np.isin(told.groups, size.groups).sum()) if told.groups is not None else 0
    official = int((told.splits == name).sum()) if told.splits is not None else 0
    if isinstance(size, OfficialPart):
        return _apart(size.official, name, told, official)
    if size == "official":
        return official
    assert isinstance(size, float | int)  # noqa: S101  # the settings allow nothing else
    return round(size * total) if isinstance(size, float) else min(size, total)


def what_is_told(source: Source, raw: Path) -> Told:
    """Tell what is known of each image without decoding it; of the MNIST family, yet to be downloaded, without looking.

    Duplicates and what cannot be read are counted, too.

    Raises:
        DataError: The files cannot be used as they are.
    """
    if isinstance(source, TorchvisionSource):
        each, official = MNIST_FAMILY
        splits = np.tile(np.repeat(["train", "test"], [each - official, official]), 10)
        return Told(np.repeat(np.arange(10), each), tuple("0123456789"), splits=splits)
    if isinstance(source, PictureSource):
        return source.listing(raw).told
    found = source.load(raw)
    return Told(found.labels, found.classes)
