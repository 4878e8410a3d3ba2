"""Sources of labelled images, one function each. A source reads ``raw/NAME/`` and nothing else on disk."""

import gzip
import os
import shutil
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageOps, UnidentifiedImageError

from augment.core.errors import DataError
from augment.core.images import IntArray, UInt8Array
from augment.core.store import whole
from augment.datasets.specs import ImageFolderSource, SklearnDigitsSource, SourceSpec, TorchvisionSource


@dataclass(frozen=True)
class RawImages:
    """What a source gives: everything it has, before validation.

    Attributes:
        images: uint8, N×C×H×W.
        labels: int64, shape (N,), indices into ``classes``.
        classes: Class names.
        is_test: Booleans, shape (N,): what the source itself sets apart for testing; None where it says nothing.
        groups: Names, shape (N,): who or where an image is from, for example; None where the source says nothing.
    """

    images: UInt8Array
    labels: IntArray
    classes: tuple[str, ...]
    is_test: npt.NDArray[np.bool_] | None = None
    groups: npt.NDArray[np.str_] | None = None

    def select(self, rows: IntArray) -> "RawImages":
        """Return the images at ``rows``, in that order."""
        is_test = None if self.is_test is None else self.is_test[rows]
        groups = None if self.groups is None else self.groups[rows]
        return RawImages(self.images[rows], self.labels[rows], self.classes, is_test, groups)


def load_raw(source: SourceSpec, raw: Path) -> RawImages:
    """Read all images of a source.

    Args:
        source: Which source.
        raw: The dataset's own raw folder.

    Raises:
        DataError: The source's files are missing or cannot be read; the message says what to put where.
    """
    match source:
        case SklearnDigitsSource():
            return load_sklearn_digits()
        case TorchvisionSource(name=name):
            return load_torchvision(name, raw)
        case ImageFolderSource(size=size, mode=mode, groups=groups):
            return load_image_folder(raw, size, mode, groups)


def load_sklearn_digits() -> RawImages:
    """Read the digits that come with scikit-learn; their 17 grey levels are spread over 0 to 255."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None]
    return RawImages(images, digits.target.astype(np.int64), tuple(str(name) for name in digits.target_names))


NAMED = 5
"""Files that an error message names before it only counts."""

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def load_torchvision(name: str, raw: Path) -> RawImages:
    """Read a dataset of the MNIST family with torchvision's own reader.

    The four standard files are taken from ``raw`` (idx, or idx.gz) where they are there; otherwise torchvision
    downloads them, and they are kept in ``raw`` for the next time.

    Raises:
        DataError: The files are neither there nor to be had, are not whole idx files, or cannot be kept.
    """
    import torchvision.datasets

    reader = getattr(torchvision.datasets, name)
    with tempfile.TemporaryDirectory() as scratch:
        # torchvision looks for unpacked files under ROOT/NAME/raw; nothing is unpacked in raw/ itself.
        folder = Path(scratch, name, "raw")
        folder.mkdir(parents=True)
        found = [_unpack(raw, file, folder) for file in IDX_FILES]
        try:
            parts = [reader(scratch, train=train, download=not all(found)) for train in (True, False)]
        except (URLError, RuntimeError, OSError, ValueError, TypeError, KeyError, AssertionError) as error:
            missing = [f"{file}.gz" for file, there in zip(IDX_FILES, found, strict=True) if not there]
            if missing:
                raise DataError(
                    f"{raw}: {name} cannot be downloaded ({error}). Without a network, put these files there "
                    f"and run again: {', '.join(missing)}"
                ) from error
            raise DataError(f"{raw}: a file is not the whole idx file that {name} needs ({error})") from error
        if not all(found):
            _keep(sorted(folder.glob("*.gz")), raw, name)
    for part in parts:
        if len(part.data) != len(part.targets):
            raise DataError(f"{raw}: {name} has {len(part.data)} images, but {len(part.targets)} labels of them")
    images = np.concatenate([part.data.numpy() for part in parts])[:, None]
    labels = np.concatenate([part.targets.numpy() for part in parts]).astype(np.int64)
    is_test = np.repeat([False, True], [len(part) for part in parts])
    return RawImages(images, labels, tuple(_plain_name(c) for c in parts[0].classes), is_test)


def _unpack(raw: Path, file: str, folder: Path) -> bool:
    """Copy one idx file to ``folder``, unpacked; False where ``raw`` has neither form of it."""
    if (raw / file).is_file():
        shutil.copy(raw / file, folder / file)
        return True
    packed = raw / f"{file}.gz"
    if not packed.is_file():
        return False
    try:
        with gzip.open(packed) as source, (folder / file).open("wb") as target:
            shutil.copyfileobj(source, target)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{packed}: expected a whole gzip file ({error})") from error
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


SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Of image files that are read, in either case: those of torchvision's ``ImageFolder``."""


def load_image_folder(raw: Path, size: int, mode: str, groups: str | None = None) -> RawImages:
    """Read one folder of images a class (torchvision's ``ImageFolder`` convention).

    What is hidden - its name begins with a dot - is ignored, and so are files that are no images.

    Args:
        raw: Holds one folder a class; the folder's name is the class name.
        size: Height and width of the result, in pixels.
        mode: ``grey`` or ``rgb``.
        groups: CSV file in ``raw`` with the columns ``file``, e.g. ``cat/1.png``, and ``group``; one row an image.

    Raises:
        DataError: There is no class folder, a class folder has no image, an image is of a kind that is not read or
            cannot be decoded, or ``groups`` is not there or does not name one group for each image.
    """
    classes = tuple(sorted(path.name for path in raw.glob("[!.]*") if path.is_dir()))
    if not classes:
        raise DataError(f"{raw}: expected one folder of images a class, e.g. {raw}/cat/1.png; found no folder")
    files = [_image_files(raw / name) for name in classes]
    _require_read(raw, [file for own in files for file in own])
    empty = [name for name, own in zip(classes, files, strict=True) if not own]
    if empty:
        raise DataError(
            f"{raw}: expected images ({', '.join(SUFFIXES)}) of every class, found none in {', '.join(empty)}"
        )
    images = np.stack([_decode(file, size, mode) for own in files for file in own])
    labels = np.repeat(np.arange(len(classes)), [len(own) for own in files])
    names = [file.relative_to(raw).as_posix() for own in files for file in own]
    found = None if groups is None else _read_groups(raw / groups, names)
    return RawImages(images, labels, classes, groups=found)


def _image_files(folder: Path) -> list[Path]:
    """List what Pillow knows as images by the suffix, however deep, in the order of torchvision's ``ImageFolder``."""
    known = {*SUFFIXES, *Image.registered_extensions()}
    return [
        file
        for place, _, names in sorted(os.walk(folder, followlinks=True))
        for file in (Path(place, name) for name in sorted(names))
        if file.suffix.lower() in known and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def _require_read(raw: Path, files: list[Path]) -> None:
    """Refuse images that would be left out unsaid."""
    unread = [file for file in files if file.suffix.lower() not in SUFFIXES]
    if unread:
        raise DataError(
            f"{raw}: {len(unread)} of {len(files)} image files are of a kind that is not read, "
            f"e.g. {unread[0].relative_to(raw)}; expected {', '.join(SUFFIXES)}: convert them or take them out"
        )


def _read_groups(file: Path, names: list[str]) -> npt.NDArray[np.str_]:
    """Read the group of each image, in the order of ``names``."""
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)  # "NA" may well be a group
        rows = table[["file", "group"]]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{file}: expected a CSV file with the columns file and group ({error})") from error
    group_of = dict(zip(rows["file"], rows["group"].str.strip(), strict=True))
    problems = {
        "no group is given for": [name for name in names if not group_of.get(name)],
        "no image there is called": sorted(set(group_of) - set(names)),
        "more than one row names": sorted(set(rows["file"][rows["file"].duplicated()])),
    }
    for problem, files in problems.items():
        if files:
            more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
            raise DataError(f"{file}: expected one row an image, but {problem} {', '.join(files[:NAMED])}{more}")
    return np.asarray([group_of[name] for name in names], dtype=np.str_)


def _decode(path: Path, size: int, mode: str) -> UInt8Array:
    """Read one image file as uint8 C×size×size; the policy is stated in `ImageFolderSource`."""
    try:
        with Image.open(path) as file:
            # Pillow gives 16-bit RGB as 8-bit RGB; only what it reads the file as tells.
            raw_modes = [str(tile[-1]) for tile in getattr(file, "tile", ())]
            if file.mode.startswith(("I", "F")) or any(";16" in mode for mode in raw_modes):
                found = ", ".join([file.mode, *raw_modes])
                raise DataError(f"{path}: expected 8 bits a channel, found Pillow mode {found}; convert it first")
            image = ImageOps.exif_transpose(file)
            if image.has_transparency_data:
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
            image = image.convert("L" if mode == "grey" else "RGB")
            square = ImageOps.fit(image, (size, size), method=Image.Resampling.BILINEAR)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise DataError(f"{path}: expected an image, cannot decode it ({error})") from error
    pixels = np.asarray(square, dtype=np.uint8)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
