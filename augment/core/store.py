"""Files and folders that a reader sees whole or not at all, and the container that holds an image set."""

import json
import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, get_args

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from augment.core.errors import ContainerError, DataError, LeftOutError
from augment.core.images import (
    REAL,
    SYNTHETIC,
    ImageSet,
    IntArray,
    UInt8Array,
    blocks,
    content_hashes,
    make_manifest,
)
from augment.core.text import first_line, printable

FORMAT_VERSION = 1
IMAGES, MANIFEST, META = "images.npy", "manifest.parquet", "meta.json"
LEFT_OUT = "left_out.json"
"""In the place of a container or a model that could not be made: the reasons."""
CHECKED = 64 << 20
"""Bytes of pixels that a reader holds against their hashes: all of a small set, a sample of a large one."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling to write a file or folder to; it takes the place of ``path`` on success.

    When the block raises, ``path`` is untouched and the sibling is gone. What an earlier, killed process left
    under the sibling's name is removed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.partial")
    _remove(draft)
    try:
        yield draft
        if draft.is_dir():
            _remove(path)  # a rename does not replace a folder that is not empty
        draft.replace(path)
    finally:
        _remove(draft)


def write_image_set(path: Path, image_set: ImageSet, made_by: dict[str, Any], rows: IntArray | None = None) -> None:
    """Write a container: ``images.npy``, ``manifest.parquet``, ``meta.json``.

    Args:
        path: The folder to make.
        image_set: What to write.
        made_by: What made it (stage and settings), kept in ``meta.json``. No times: equal input, equal bytes.
        rows: Which of its images to write, in that order, without another copy of them in memory; all by default.
    """
    rows = np.arange(len(image_set)) if rows is None else rows
    with whole(path) as draft:
        draft.mkdir()
        with (draft / IMAGES).open("wb") as file:
            _write_header(file, (len(rows), *image_set.shape))
            for some in blocks(len(rows), math.prod(image_set.shape)):
                file.write(np.ascontiguousarray(image_set.images[rows[some]]).data)
        _write_rest(draft, image_set.manifest.iloc[rows], image_set.classes, image_set.shape, made_by)


def write_drawn_images(
    path: Path,
    batches: Iterable[UInt8Array],
    labels: IntArray,
    classes: Sequence[str],
    made_by: dict[str, Any],
    *,
    generator_seed: int,
    columns: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Write synthetic images as they are drawn: the bytes `write_image_set` writes, but one batch in memory at a time.

    Args:
        path: The folder to make.
        batches: uint8, each B×C×H×W; together one image a label.
        labels: N class indices, at least one.
        classes: K class names.
        made_by: See `write_image_set`.
        generator_seed: The seed that draws the images.
        columns: Further columns of the manifest, one value a label.

    Raises:
        DataError: There are fewer or more images than labels.
    """
    hashes: list[str] = []
    with whole(path) as draft:
        draft.mkdir()
        with (draft / IMAGES).open("wb") as file:
            for batch in batches:
                if not hashes:
                    shape = batch.shape[1:]
                    _write_header(file, (len(labels), *shape))
                hashes += content_hashes(batch)
                file.write(np.ascontiguousarray(batch).data)
        if len(hashes) != len(labels):
            raise DataError(f"images: expected one a label ({len(labels)}), found {len(hashes)}")
        manifest = make_manifest(labels, classes, hashes, generator_seed=generator_seed)
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
    _write_json(draft / META, meta)


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
    images = _read(path / IMAGES, lambda file: np.load(file, mmap_mode="r", allow_pickle=False))
    if not isinstance(images, np.ndarray):
        raise ContainerError(f"{path / IMAGES}: expected an array, found {type(images).__name__}")
    manifest = read_parquet(path / MANIFEST)
    try:
        image_set = ImageSet(images, manifest, tuple(meta["classes"]))
    except DataError as error:
        raise ContainerError(f"{path}: {error}") from error
    found = [len(image_set), *image_set.shape]
    expected = [meta["images"], *meta["shape"]]
    if found != expected:
        raise ContainerError(f"{path / IMAGES}: expected shape {expected} as {META} says, found {found}")
    _require_true(path / MANIFEST, image_set)
    return image_set


def write_left_out(path: Path, reasons: Sequence[str]) -> None:
    """Write in the place of a container, a model or a JSON file why there is none: DVC wants every output to exist."""
    with whole(path) as draft:
        if path.suffix == ".json":
            _write_json(draft, {"left_out": list(reasons)})
        else:
            draft.mkdir()
            _write_json(draft / LEFT_OUT, {"reasons": list(reasons)})


def require_made(path: Path) -> None:
    """Stop where a folder holds no container or model, but the reasons why there is none.

    Raises:
        LeftOutError: With those reasons.
        ContainerError: They cannot be read.
    """
    if not (path / LEFT_OUT).exists():
        return
    reasons = read_json(path / LEFT_OUT).get("reasons")
    if not isinstance(reasons, list) or not reasons or not all(isinstance(reason, str) for reason in reasons):
        raise ContainerError(f"{path / LEFT_OUT}: expected reasons, a list of sentences, found {reasons!r:.80}")
    raise LeftOutError(*reasons)


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
    hashes = pd.Series(content_hashes(image_set.images[rows]), index=rows, dtype="str")
    by_row = manifest.reset_index(drop=True)
    try:
        weights = image_set.weights
        false = {
            "class_name": by_row["class_name"].astype("str") != names,
            "origin": ~by_row["origin"].isin([REAL, SYNTHETIC]),
            "content_hash": by_row["content_hash"].astype("str")[rows] != hashes,
            "weight": pd.Series(~(np.isfinite(weights) & (weights > 0))),
        }
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ContainerError(f"{path}: a column has values of another kind ({first_line(error)})") from error
    for name, wrong in false.items():
        if wrong.any():
            row = int(wrong.index[wrong][0])
            value = printable(str(by_row[name][row])[:80])
            raise ContainerError(f"{path}: {name}: {wrong.sum()} of {len(wrong)} are false, e.g. in row {row}: {value}")


def write_json(path: Path, value: Any) -> None:
    """Write JSON that reads well and diffs well: indented, keys in the order given, no NaN."""
    with whole(path) as draft:
        _write_json(draft, value)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ContainerError: The file is missing, is not JSON, or holds something other than an object.
    """
    value = _read(path, lambda file: json.loads(file.read_text(encoding="utf-8")))
    if not isinstance(value, dict):
        raise ContainerError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a table that `dvc plots` draws: header, no index."""
    with whole(path) as draft:
        frame.to_csv(draft, index=False)


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table for the next stage."""
    with whole(path) as draft:
        frame.to_parquet(draft, index=False)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table.

    Raises:
        ContainerError: The file is missing or is not parquet.
    """

    def read(file: Path) -> pd.DataFrame:
        pq.read_table(file).validate(full=True)  # else text that is no UTF-8 is found out where it is used
        return pd.read_parquet(file)

    frame: pd.DataFrame = _read(path, read)
    return frame


def write_png(path: Path, pixels: UInt8Array) -> None:
    """Write a picture: uint8, H×W grey or H×W×3 RGB."""
    with whole(path) as draft:
        Image.fromarray(pixels).save(draft, format="png")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    with whole(path) as draft:
        draft.write_text(text, encoding="utf-8")


def _read(path: Path, reader: Callable[[Path], Any]) -> Any:
    try:
        return reader(path)
    except FileNotFoundError as error:
        raise ContainerError(f"{path}: expected this file, found none") from error
    except Exception as error:
        # numpy, pyarrow and json raise what they like on a broken file, RecursionError among it.
        raise ContainerError(f"{path}: cannot be read ({first_line(error)}); truncated or not this format") from error


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
