"""A labelled image set in memory: the currency of the whole pipeline."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from augment.core.errors import DataError, UnfitPartError

UInt8Array = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
HashArray = npt.NDArray[np.bytes_]

COLUMNS = ("label", "class_name", "origin", "content_hash", "generator_seed")
"""Columns every manifest has; others may follow (weight, filter scores, groups)."""

GREY, RGB = 1, 3

SOURCE = "source_hash"
"""Column of a manifest: of a translated image, the content hash of the real one that it was made of."""

REAL, SYNTHETIC = "real", "synthetic"
"""The two origins of an image. `REAL` is also the name of the training set that has no synthetic one."""

PSEUDO_LABELLED = "pseudo_labelled"
"""Origin of a real image whose label a classifier gave. There are such images in memory alone, never in a container."""

UNLABELLED = "unlabelled"
"""The one class of an image set whose images have no label: it fits no labelled set, so none is taken for one."""


@dataclass(frozen=True)
class ImageSet:
    """Labelled images with provenance.

    Attributes:
        images: uint8, N×C×H×W, C is 1 (grey) or 3 (RGB), values 0 to 255.
        manifest: One row an image, in the same order: ``label`` (0 to K-1), ``class_name``, ``origin``
            (``real`` or ``synthetic``), ``content_hash`` (SHA-256 of the pixels) and ``generator_seed`` (the seed
            whose stream drew a synthetic image; missing for a real one).
        classes: The K class names; ``label`` is an index into them.
    """

    images: UInt8Array
    manifest: pd.DataFrame
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the invariants the rest of the code relies on.

        Raises:
            DataError: The arrays, the manifest and the classes do not fit together.
        """
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[1] not in (GREY, RGB):
            raise UnfitPartError(
                "images", f"expected uint8 N×C×H×W with C 1 or 3, found {self.images.dtype} {self.images.shape}"
            )
        missing = [column for column in COLUMNS if column not in self.manifest.columns]
        if missing:
            said = f"missing column(s) {', '.join(missing)}; expected {', '.join(COLUMNS)}"
            raise UnfitPartError("manifest", said)
        if len(self.manifest) != len(self.images):
            raise UnfitPartError("manifest", f"{len(self.manifest)} rows for {len(self.images)} images")
        column = self.manifest["label"]
        if not pd.api.types.is_integer_dtype(column) or column.isna().any():
            raise UnfitPartError("manifest", f"label: expected whole numbers, found {column.dtype}")
        labels = self.labels
        if len(labels) and not (labels.min() >= 0 and labels.max() < len(self.classes)):
            raise UnfitPartError(
                "manifest",
                f"label: expected 0 to {len(self.classes) - 1} for {len(self.classes)} classes, "
                f"found {labels.min()} to {labels.max()}",
            )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labels(self) -> IntArray:
        """Class indices, int64, shape (N,)."""
        return self.manifest["label"].to_numpy(dtype=np.int64, copy=True)  # torch wants it writable

    @property
    def weights(self) -> FloatArray:
        """How much each image counts in training, float64, shape (N,): 1 where the manifest has no ``weight``."""
        if "weight" not in self.manifest.columns:
            return np.ones(len(self))
        return self.manifest["weight"].to_numpy(dtype=np.float64, copy=True)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one image: channels, height, width."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def class_counts(self) -> IntArray:
        """Count the images of each class, shape (K,)."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def select(self, rows: IntArray) -> "ImageSet":
        """Return the images at ``rows``, in that order."""
        return ImageSet(self.images[rows], self.manifest.iloc[rows].reset_index(drop=True), self.classes)


def make_image_set(
    images: UInt8Array,
    labels: npt.ArrayLike,
    classes: Sequence[str],
    *,
    generator_seed: int | None = None,
) -> ImageSet:
    """Build an image set and its manifest.

    Args:
        images: uint8, N×C×H×W.
        labels: N class indices.
        classes: K class names.
        generator_seed: For synthetic images, the seed that drew them; None says the images are real.

    Raises:
        DataError: See `ImageSet`.
    """
    labels = np.asarray(labels, dtype=np.int64)
    manifest = make_manifest(labels, classes, content_hashes(images), generator_seed=generator_seed)
    return ImageSet(images, manifest, tuple(classes))


def make_manifest(
    labels: IntArray, classes: Sequence[str], hashes: HashArray, *, generator_seed: int | None = None
) -> pd.DataFrame:
    """Build the manifest of images whose content hashes are known; see `make_image_set`."""
    same = np.zeros(len(hashes), dtype=np.int64)  # taken by index: a million equal strings need not be parsed
    columns: dict[str, Any] = {
        "label": labels,
        "class_name": pd.array(list(classes), dtype="str").take(labels),
        "origin": pd.array([REAL if generator_seed is None else SYNTHETIC], dtype="str").take(same),
        "content_hash": as_text(hashes),
        "generator_seed": pd.array([generator_seed], dtype="Int64").take(same),
    }
    return pd.DataFrame(columns)


def concatenate(first: ImageSet, second: ImageSet) -> ImageSet:
    """Put ``second`` behind ``first``, each row keeping its provenance.

    Raises:
        DataError: The two differ in classes or image shape.
    """
    require_alike(first, second, "cannot concatenate")
    return ImageSet(
        np.concatenate([first.images, second.images]),
        pd.concat([first.manifest, second.manifest], ignore_index=True),
        first.classes,
    )


def require_alike(first: ImageSet, second: ImageSet, names: str) -> None:
    """Refuse two sets that differ in classes or image shape.

    Args:
        first: One set.
        second: Another.
        names: How the error begins, e.g. ``train and test``.

    Raises:
        DataError: They differ.
    """
    if first.classes != second.classes:
        raise DataError(f"{names}: classes {first.classes} and {second.classes} differ")
    if first.shape != second.shape:
        raise DataError(f"{names}: image shapes {first.shape} and {second.shape} differ")


def require_disjoint(first: ImageSet, second: ImageSet, names: str) -> None:
    """Refuse two splits that share a real image: what is measured on one would be known from the other.

    Args:
        first: One split; its synthetic images are its own affair.
        second: Another.
        names: How the error calls them, e.g. ``train and test``.

    Raises:
        DataError: An image stands in both; says how many do, and one of them.
    """
    real = first.manifest["content_hash"][first.manifest["origin"] == REAL]
    require_no_common(real.to_numpy("S64"), second.manifest["content_hash"].to_numpy("S64"), names)


def require_no_common(first: HashArray, second: HashArray, names: str) -> None:
    """Do what `require_disjoint` does by the content hashes of real images alone."""
    few, many = sorted((first, second), key=len)
    known = set(few.tolist())
    shared = sorted({one for one in many if one in known})
    if shared:
        raise DataError(f"{names}: expected no image in both, found {len(shared)}, among them {shared[0].decode()}")


def first_rows(labels: IntArray, counts: IntArray) -> IntArray:
    """Find the first ``counts[k]`` rows of each class k (fewer where there are fewer), class by class.

    Args:
        labels: Class indices, shape (N,).
        counts: Wanted rows of each class, shape (K,).
    """
    return np.concatenate([np.flatnonzero(labels == label)[:count] for label, count in enumerate(counts)])


def content_hashes(images: UInt8Array, rows: IntArray | None = None) -> HashArray:
    """SHA-256 of each image's shape and pixels, hexadecimal, ASCII, shape (N,); ``rows``: of those alone."""
    rows = np.arange(len(images)) if rows is None else rows
    shape, size = repr(images.shape[1:]).encode(), math.prod(images.shape[1:])
    hashes = np.empty(len(rows), dtype="S64")  # of a million images half of what as many Python strings take
    for some in blocks(len(rows), size):
        pixels = images[rows[some]].tobytes()
        each = (pixels[at : at + size] for at in range(0, len(pixels), size))
        hashes[some] = [hashlib.sha256(shape + image).hexdigest() for image in each]
    return hashes


def as_text(hashes: HashArray) -> pd.api.extensions.ExtensionArray:
    """Make a column of text of hashes, without a Python string for each."""
    return pd.array(pa.array(hashes, type=pa.binary()).cast(pa.large_string()), dtype="str")


def blocks(count: int, width: int, numbers: int = 2**22) -> Iterator[slice]:
    """Cut ``count`` rows of ``width`` numbers each into slices of about ``numbers``, and at least one row, each."""
    step = max(1, numbers // max(1, width))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def tile(images: UInt8Array, rows: int, columns: int, *, gap: int = 1, scale: int = 1) -> UInt8Array:
    """Lay images out on a white grid, row by row.

    Args:
        images: uint8, (rows × columns)×C×H×W.
        rows: Grid rows.
        columns: Grid columns.
        gap: White pixels between and around images, before scaling.
        scale: Every pixel becomes a square of this side, so that small images can be looked at.

    Returns:
        uint8, H'×W' for grey and H'×W'×3 for RGB, as picture files want it.
    """
    _, channels, height, width = images.shape
    padded = np.pad(images, ((0, 0), (0, 0), (gap, 0), (gap, 0)), constant_values=255)
    grid = padded.reshape(rows, columns, channels, height + gap, width + gap)
    grid = grid.transpose(0, 3, 1, 4, 2).reshape(rows * (height + gap), columns * (width + gap), channels)
    grid = np.pad(grid, ((0, gap), (0, gap), (0, 0)), constant_values=255)
    return (
        grid.repeat(scale, axis=0).repeat(scale, axis=1).squeeze(-1)
        if channels == GREY
        else (grid.repeat(scale, axis=0).repeat(scale, axis=1))
    )
