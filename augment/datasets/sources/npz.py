"""An NPZ file of NumPy arrays."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from augment.core.errors import DataError
from augment.core.text import first_line, listed
from augment.datasets.arrays import ArraySource, Numbers, Part, blocked
from augment.datasets.raw import FileAccount
from augment.datasets.shards import shards

PAIRS = {
    "": [("x", "y"), ("images", "labels"), ("data", "labels"), ("data", "target")],
    **{
        split: [(f"x_{word}", f"y_{word}"), (f"{word}_images", f"{word}_labels")]
        for split, word in (("train", "train"), ("val", "val"), ("test", "test"))
    },
}
"""Split → names of images and labels: Keras', MedMNIST's, scikit-learn's, and plain ones; in capitals or not."""
NAMES = ("classes", "class_names", "label_names")


class NpzSource(ArraySource):
    """One NPZ file with arrays as Keras, MedMNIST or anyone names them. Nothing in it is unpickled.

    ``x_train``, ``y_train``, ``x_test``, ``y_test``; ``train_images``, ``train_labels``, ``val_images`` …; or ``x``,
    ``y``; ``images``, ``labels``. Capitals do not matter.
    """

    kind: Literal["npz"]

    def parts(self, raw: Path) -> tuple[list[Part], Sequence[str] | None, FileAccount]:
        """Find the arrays; read the labels alone.

        Raises:
            DataError: There is no such file, or several; it is broken, or holds no images and labels by names known.
        """
        names, left_out = shards(raw, (".npz",))
        if len(names) != 1:
            raise DataError(f"{raw}: expected one file that ends in .npz, found {listed(names)}")
        path = raw / names[0]
        try:
            with zipfile.ZipFile(path) as archive:
                arrays = {name.removesuffix(".npy") for name in archive.namelist()}
                spelt = {name.lower(): name for name in sorted(arrays)}  # X_train as x_train; of both the latter
                found = [
                    (split, spelt[images], spelt[labels])
                    for split, pairs in PAIRS.items()
                    for images, labels in pairs
                    if {images, labels} <= spelt.keys()
                ]
                parts = [_part(path, archive, split, images, labels) for split, images, labels in found]
                classes = next((_whole(archive, name).tolist() for name in NAMES if name in arrays), None)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        except Exception as error:  # of zipfile, zlib or numpy, and about the file
            raise DataError(f"{path}: cannot be read ({first_line(error)}); truncated or no NPZ") from error
        splits = [split for split, _, _ in found]
        if len(set(splits)) < len(splits):
            pairs = listed(" with ".join(pair) for _, *pair in found)
            raise DataError(f"{path}: expected one array of images a split, found several: {pairs}")
        known = {name for _, *pair in found for name in pair} | set(NAMES)
        unread = tuple(sorted(arrays - known))
        if not parts or any("image" in name.lower() or name.lower().startswith("x") for name in unread):
            raise DataError(
                f"{path}: expected arrays called x_train, y_train, x_test, y_test (Keras), train_images, train_labels, "
                f"val_images … (MedMNIST), or images and labels; found {listed(sorted(arrays)) or 'none'}"
            )
        if len({bool(part.split) for part in parts}) > 1:
            raise DataError(f"{path}: expected arrays for splits or none, found both: {listed(sorted(arrays))}")
        notes = (f"arrays of {names[0]} that are not read: {listed(unread)}",) if unread else ()
        return parts, None if classes is None else [str(name) for name in classes], FileAccount(left_out, notes)


def _part(path: Path, archive: zipfile.ZipFile, split: str, images: str, labels: str) -> Part:
    with archive.open(f"{images}.npy") as file:
        shape, _, _ = _header(file)

    def read() -> Iterator[Numbers]:
        with zipfile.ZipFile(path) as again, again.open(f"{images}.npy") as file:
            shape, fortran, dtype = _header(file)
            if fortran:
                yield from np.asarray(_whole(again, images))
                return
            try:
                yield from blocked(file.read, shape, dtype)
            except (DataError, zipfile.BadZipFile, OSError, EOFError) as error:
                raise DataError(f"{path}: {images} is not whole ({first_line(error)})") from error

    return Part(images, split, shape, read, _whole(archive, labels))


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = reader(file)
    if dtype.hasobject:
        raise DataError("found an array of Python objects, which is not unpickled: save numbers or text (astype)")
    return shape, fortran, dtype


def _whole(archive: zipfile.ZipFile, name: str) -> Numbers:
    with archive.open(f"{name}.npy") as file:
        _header(file)
    with archive.open(f"{name}.npy") as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
