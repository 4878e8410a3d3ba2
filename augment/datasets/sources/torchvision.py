"""The datasets of the MNIST family, by torchvision's readers."""

import gzip
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from augment.core.errors import DataError
from augment.core.images import IntArray, UInt8Array
from augment.core.store import whole
from augment.core.text import first_line, listed
from augment.datasets.raw import FileAccount, RawImages, Shape, Source

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
LARGEST_FILE = 256 << 20
"""Bytes, unpacked: five times the largest of the family. More is no such file, however small it lies on disk."""


class _Part(NamedTuple):
    """What is kept of one of torchvision's two parts, train and test."""

    shape: tuple[int, ...]
    labels: IntArray
    classes: tuple[str, ...]


class TorchvisionSource(Source):
    """MNIST, FashionMNIST or KMNIST: grey, 28×28, 10 classes, 60,000 and 10,000 images for testing.

    Attributes:
        name: Which of the family.
    """

    kind: Literal["torchvision"]
    name: Literal["MNIST", "FashionMNIST", "KMNIST"]

    @property
    def image_shape(self) -> Shape:
        """Shape of every image."""
        return 1, 28, 28

    def load(self, raw: Path) -> RawImages:
        """Read the four standard files with torchvision's own reader.

        They are taken from ``raw`` (idx, or idx.gz) where they are there; otherwise torchvision downloads them, and
        they are kept in ``raw`` for the next time.

        Raises:
            DataError: The files are neither there nor to be had, are not whole idx files, or cannot be kept.
        """
        import torchvision.datasets

        _refuse_links(raw)
        reader = getattr(torchvision.datasets, self.name)
        with tempfile.TemporaryDirectory() as scratch:
            # torchvision looks for unpacked files under ROOT/NAME/raw; nothing is unpacked in raw/ itself.
            folder = Path(scratch, self.name, "raw")
            folder.mkdir(parents=True)
            found = [_unpack(raw, file, folder) for file in IDX_FILES]
            try:
                read = (reader(scratch, train=train, download=not all(found)) for train in (True, False))
                parts = [self._part(part, raw) for part in read]
            except DataError:
                raise
            except Exception as error:
                # Whatever the reader raises is about the files, or about fetching them.
                missing = [f"{file}.gz" for file, there in zip(IDX_FILES, found, strict=True) if not there]
                if missing:
                    raise DataError(
                        f"{raw}: {self.name} cannot be downloaded ({first_line(error)}). Without a network, put these "
                        f"files there and run again: {', '.join(missing)}"
                    ) from error
                raise DataError(
                    f"{raw}: a file is not the whole idx file that {self.name} needs ({first_line(error)}). "
                    "Fetch the four files again"
                ) from error
            if not all(found):
                _keep(sorted(folder.glob("*.gz")), raw, self.name)
            # Of what the reader holds only labels are kept: pixels come from its files, so that they are there once.
            files = [folder / file for file in IDX_FILES if "images" in file]
            images = np.concatenate([_pixels(file, part.shape) for file, part in zip(files, parts, strict=True)])
        labels = np.concatenate([part.labels for part in parts])
        is_test = np.repeat([False, True], [len(part.labels) for part in parts])
        return RawImages(images[:, None], labels, parts[0].classes, is_test, account=_account(raw))

    def _part(self, read: Any, raw: Path) -> _Part:
        self._require_sound(read, raw)
        classes = tuple(_plain_name(name) for name in read.classes)
        return _Part(tuple(read.data.shape), read.targets.numpy().astype(np.int64), classes)

    def _require_sound(self, part: Any, raw: Path) -> None:
        images, labels, (_, *sides) = part.data, part.targets, self.image_shape
        if len(images) != len(labels):
            raise DataError(f"{raw}: {self.name} has {len(images)} images, but {len(labels)} labels of them")
        if list(images.shape[1:]) != sides or labels.ndim != 1:
            raise DataError(
                f"{raw}: expected images of {sides[0]}×{sides[1]} pixels and one label each, as {self.name} has them; "
                f"found images of shape {tuple(images.shape)}, labels of shape {tuple(labels.shape)}"
            )
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(part.classes):
            raise DataError(
                f"{raw}: expected labels 0 to {len(part.classes) - 1}, as {self.name} has them, "
                f"found {int(labels.min())} to {int(labels.max())}"
            )


def _pixels(file: Path, shape: tuple[int, ...]) -> UInt8Array:
    """Map an unpacked file that torchvision has read; its header is a magic number and the length of each axis."""
    return np.memmap(file, np.uint8, "r", offset=4 + 4 * len(shape), shape=shape)


def _refuse_links(raw: Path) -> None:
    links = [name for file in IDX_FILES for name in (file, f"{file}.gz") if (raw / name).is_symlink()]
    if links:
        raise DataError(f"{raw}: expected files, found links: {listed(links)}. Put the files themselves there")


def _account(raw: Path) -> FileAccount:
    """Tell what else lies in ``raw``."""
    known = {name for file in IDX_FILES for name in (file, f"{file}.gz")}
    others = tuple(sorted(path.name for path in raw.glob("[!.]*") if path.name not in known))
    return FileAccount({"is none of the four idx files": others} if others else {})


def _unpack(raw: Path, file: str, folder: Path) -> bool:
    """Copy one idx file to ``folder``, unpacked; False where ``raw`` has neither form of it."""
    if (raw / file).is_file():
        try:
            shutil.copy(raw / file, folder / file)
        except OSError as error:
            raise DataError(f"{raw / file}: cannot be read ({first_line(error)})") from error
        return True
    packed = raw / f"{file}.gz"
    if not packed.is_file():
        return False
    try:
        with gzip.open(packed) as source, (folder / file).open("wb") as target:
            while block := source.read(1 << 20):
                target.write(block)
                if target.tell() > LARGEST_FILE:
                    raise DataError(f"{packed}: expected at most {LARGEST_FILE >> 20} MiB unpacked, found more")
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{packed}: expected a whole gzip file ({first_line(error)}). Fetch it again") from error
    return True


def _keep(files: list[Path], raw: Path, name: str) -> None:
    """Copy downloaded files to ``raw``."""
    try:
        for file in files:
            with whole(raw / file.name) as draft:
                shutil.copyfile(file, draft)
    except OSError as error:
        raise DataError(f"{raw}: {name} was downloaded, but cannot be kept there ({error})") from error


def _plain_name(name: str) -> str:
    """Drop the number torchvision puts before MNIST's class names: ``0 - zero`` → ``zero``."""
    return name.rsplit(" - ", maxsplit=1)[-1]
