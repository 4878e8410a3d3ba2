"""One file of NumPy arrays, as Keras' own datasets have them."""

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from augment.core.images import GREY, SYNTHETIC, blocks
from augment.exporting.layout import FORMATS, Layout, metadata, numbers
from augment.exporting.pieces import Piece
from augment.finished.images import Part

KERAS = {"train": "train", "validation": "val", "test": "test"}


@FORMATS.register
def npz(part: Part, target: str) -> Layout:
    """``SPLIT.npz`` with ``x_train`` (uint8, N×H×W grey, N×H×W×3 RGB), ``y_train``, ``classes``, ``synthetic_train``.

    Not compressed, so that it is written as a stream and read at the speed of the disk; nothing in it is pickled.
    """
    file, split = f"{part.split}.npz", KERAS[part.split]

    def pieces() -> Iterator[Piece]:
        yield metadata(part, [f"{file}/x_{split}/{number}" for number in numbers(part)])
        yield Piece(file, len(part.images), lambda path, _: _write(path, part, split))

    usage = f"""import numpy

with numpy.load("{target}/{file}") as arrays:
    images, labels = arrays["x_{split}"], arrays["y_{split}"]
    classes, synthetic = arrays["classes"], arrays["synthetic_{split}"]"""
    return Layout(pieces(), "metadata.csv", None, usage)


def _write(path: Path, part: Part, split: str) -> None:
    images = part.images
    channels, height, width = images.shape
    shape = (len(images), height, width) if channels == GREY else (len(images), height, width, channels)
    arrays: dict[str, Any] = {
        f"y_{split}": images.labels,
        "classes": np.asarray(images.classes, dtype=np.str_),
        f"synthetic_{split}": (images.manifest["origin"] == SYNTHETIC).to_numpy(dtype=bool),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with _opened(archive, f"x_{split}") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for rows in blocks(len(images), math.prod(images.shape)):
                file.write(images.images[rows].transpose(0, 2, 3, 1).tobytes())
        for name, array in arrays.items():
            with _opened(archive, name) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _opened(archive: zipfile.ZipFile, name: str) -> BinaryIO:
    """Begin a file in an archive; its time is always the same."""
    entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    return cast(BinaryIO, archive.open(entry, "w", force_zip64=True))
