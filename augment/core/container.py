"""The container that holds an image set: ``images.npy``, ``manifest.parquet`` and ``meta.json`` in one folder."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, get_args

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from augment.core.errors import ContainerError, DataError, UnfitPartError
from augment.core.images import (
    REAL,
    SYNTHETIC,
    HashArray,
    ImageSet,
    IntArray,
    UInt8Array,
    as_text,
    blocks,
    content_hashes,
    make_manifest,
)
from augment.core.store import read_json, read_parquet, read_with, require_made, whole, write_json
from augment.core.text import first_line, printable

FORMAT_VERSION = 1
IMAGES, MANIFEST, META = "images.npy", "manifest.parquet", "meta.json"
FILES = {"images": IMAGES, "manifest": MANIFEST}
"""Part of an image set → the file that holds it."""
CHECKED = 64 << 20
"""Bytes of pixels that a reader holds against their hashes: all of a small set, a sample of a large one."""


def write_image_set(path: Path, image_set: ImageSet, made_by: dict[str, Any], rows: IntArray | None = None) -> None:
    """Write a container: ``images.npy``, ``manifest.parquet``, ``meta.json``.

    Args:
        path: The folder to make.
        image_set: What to write.
        made_by: What made it (stage and settings), kept in ``meta.json``. No times: equal input, equal bytes.
        rows: Which of its images to write, in that order, without another copy of them in memory; all by default.
    """
    rows = np.arange(len(image_set)) if rows is None else rows
    write_images(path, [(image_set.images, rows)], image_set.manifest.iloc[rows], image_set.classes, made_by)


def write_images(
    path: Path,
    parts: Sequence[tuple[UInt8Array, IntArray]],
    manifest: pd.DataFrame,
    classes: Sequence[str],
    made_by: dict[str, Any],
) -> None:
    """Write a container of images that lie in several arrays, without another copy of them in memory.

    Args:
        path: The folder to make.
        parts: At least one: uint8, each N×C×H×W, and which of its images, in that order.
        manifest: One row an image; see `augment.core.images.ImageSet`.
        classes: K class names.
        made_by: See `write_image_set`.
    """
    shape = parts[0][0].shape[1:]
    with whole(path) as draft:
        draft.mkdir()
        with (draft / IMAGES).open("wb") as file:
            _write_header(file, (sum(len(rows) for _, rows in parts), *shape))
            for images, rows in parts:
                for some in blocks(len(rows), math.prod(shape)):
                    file.write(np.ascontiguousarray(images[rows[some]]).data)
        _write_rest(draft, manifest, classes, shape, made_by)


def write_drawn_images(
    path: Path,
    batches: Iterable[UInt8Array],
    labels: IntArray,
    classes: Sequence[str],
    made_by: dict[str, Any],
    *,
    generator_seed: IntArray,
    columns: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Write synthetic images as they are drawn: the bytes `write_image_set` writes, but one batch in memory at a time.

    Args:
        path: The folder to make.
        batches: uint8, each B×C×H×W; together one image a label.
        labels: N class indices, at least one.
        classes: K class names.
        made_by: See `write_image_set`.
        generator_seed: int64, N: the seeds that draw the images.
        columns: Further columns of the manifest, one value a label.

    Raises:
        DataError: There are fewer or more images than labels.
    """
    hashes: list[HashArray] = []
    with whole(path) as draft:
        draft.mkdir()
        with (draft / IMAGES).open("wb") as file:
            for batch in batches:
                if not hashes:
                    shape = batch.shape[1:]
                    _write_header(file, (len(labels), *shape))
                hashes.append(content_hashes(batch))
                file.write(np.ascontiguousarray(batch).data)
        if (found := sum(map(len, hashes))) != len(labels):
            raise DataError(f"images: expected one a label ({len(labels)}), found {found}")
        manifest = make_manifest(labels, classes, np.concatenate(hashes), generator_seed=int(generator_seed[0]))
        manifest["generator_seed"] = pd.array(generator_seed, dtype="Int64")
        manifest = manifest.assign(**{name: pd.array(list(values), dtype="str") for name, values in columns.items()})
        _write_rest(draft, manifest, classes, shape, made_by)


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Begin a file of uint8 numbers as `numpy.save` does."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _write_rest(
    draft: Path, manifest: pd.DataFrame, classes: Sequence[str], shape: tuple[int, ...], made_by: dict[str, Any]
) -> None:
    """Write what a container holds beside the images."""
    meta = {
        "format_version": FORMAT_VERSION,
        "classes": list(classes),
        "images": len(manifest),
        "shape": list(shape),
        "made_by": made_by,
    }
    manifest.to_parquet(draft / MANIFEST, index=False)
    write_json(draft / META, meta)


def read_image_set(path: Path) -> ImageSet:
    """Read a container; the images stay on disk until they are touched (memory map, read-only).

    Nothing in it is believed unseen: the three files must agree, and so must what the manifest says of each image with
    its label and, for up to `CHECKED` bytes of pixels (evenly spaced images of more), with its pixels.

    Raises:
        ContainerError: A file is missing, truncated, of another kind or format version, the three files disagree, or
            a class name, origin, weight or content hash is false.
        LeftOutError: It could not be made.
    """
    require_made(path)
    meta = _read_meta(path / META)
    images = read_with(path / IMAGES, lambda file: np.load(file, mmap_mode="r", allow_pickle=False))
    if not isinstance(images, np.ndarray):
        raise ContainerError(f"{path / IMAGES}: expected an array, found {type(images).__name__}")
    manifest = read_parquet(path / MANIFEST)
    try:
        image_set = ImageSet(images, manifest, tuple(meta["classes"]))
    except UnfitPartError as error:
        raise ContainerError(f"{path / FILES[error.part]}: {error.said}") from error
    found = [len(image_set), *image_set.shape]
    expected = [meta["images"], *meta["shape"]]
    if found != expected:
        raise ContainerError(f"{path / IMAGES}: expected shape {expected} as {META} says, found {found}")
    _require_true(path / MANIFEST, image_set)
    return image_set


def _read_meta(path: Path) -> dict[str, Any]:
    """Read and check ``meta.json``."""
    meta = read_json(path)
    if meta.get("format_version") != FORMAT_VERSION:
        raise ContainerError(f"{path}: expected format_version {FORMAT_VERSION}, found {meta.get('format_version')}")
    kinds: dict[str, Any] = {"classes": list[str], "shape": list[int], "images": int, "made_by": dict}
    for key, kind in kinds.items():
        try:
            TypeAdapter(kind).validate_python(meta.get(key), strict=True)
        except ValidationError as error:
            name = str(kind) if get_args(kind) else kind.__name__
            raise ContainerError(
                f"{path}: {key}: expected {name}, found {printable(str(meta.get(key))[:80])}"
            ) from error
    if len(set(meta["classes"])) != len(meta["classes"]):
        raise ContainerError(f"{path}: classes: expected each name once, found {meta['classes']!s:.80}")
    return meta


def _require_true(path: Path, image_set: ImageSet) -> None:
    """Refuse a manifest that is false; see `read_image_set`."""
    manifest, count = image_set.manifest, len(image_set)
    rows = np.arange(0, count, max(1, -(-image_set.images.nbytes // CHECKED)))
    names = pd.Series(pd.array(list(image_set.classes), dtype="str").take(image_set.labels))
    hashes = pd.Series(as_text(content_hashes(image_set.images, rows)), index=rows)
    by_row = manifest.reset_index(drop=True)
    columns: dict[str, Callable[[], pd.Series]] = {
        "class_name": lambda: by_row["class_name"].astype("str") != names,
        "origin": lambda: ~by_row["origin"].isin([REAL, SYNTHETIC]),
        "content_hash": lambda: by_row["content_hash"].astype("str")[rows] != hashes,
        "weight": lambda: pd.Series(~(np.isfinite(image_set.weights) & (image_set.weights > 0))),
    }
    for name, false in columns.items():
        try:
            wrong = false()
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ContainerError(f"{path}: {name}: has values of another kind ({first_line(error)})") from error
        if wrong.any():
            row = int(wrong.index[wrong][0])
            value = printable(str(by_row[name][row])[:80])
            raise ContainerError(f"{path}: {name}: {wrong.sum()} of {len(wrong)} are false, e.g. in row {row}: {value}")
