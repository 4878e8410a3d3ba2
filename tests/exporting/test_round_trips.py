"""What is exported comes back as it was, whatever classes are called: by plain libraries, and by our own sources."""

import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from augment.core.images import ImageSet, concatenate, make_image_set
from augment.exporting.image_sets import export_images
from augment.exporting.layout import FORMATS
from augment.finished.images import Part, provenance
from augment.inspection.recognition import reader, recognised

Row = tuple[str, str, bytes]
"""Class, origin, and pixels as C×H×W."""

NAMES = (
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="|;"), min_size=1, max_size=8)
    | st.sampled_from(["a b", "NA", "nan", "1", "01", "..", "con", "x/y", '"', "a,b", "é", "e\u0301", "train", "_"])
)  # fmt: skip


@st.composite
def parts(draw: st.DrawFn) -> Part:
    """Draw a few real and synthetic images, the former of every class."""
    names = draw(st.lists(NAMES, min_size=2, max_size=4, unique_by=str.casefold))
    channels, height, width = draw(st.sampled_from([1, 3])), draw(st.integers(8, 12)), draw(st.integers(8, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))

    def images(labels: list[int], seed: int | None) -> ImageSet:
        pixels = rng.integers(0, 256, (len(labels), channels, height, width), dtype=np.uint8)
        return make_image_set(pixels, labels, names, generator_seed=seed)

    real = images(draw(st.permutations(range(len(names)))), None)
    synthetic = images(draw(st.lists(st.integers(0, len(names) - 1), max_size=5)), draw(st.integers(0, 2**63 - 1)))
    both = concatenate(real, synthetic) if len(synthetic) else real
    facts = provenance(both, "gan", pd.Series([], dtype="str"))
    what = draw(st.sampled_from(["merged", "val", "test"]))
    return Part("toys", what, both, {"stage": "merge"}, "gan" if len(synthetic) else None, facts)


def row(name: str, origin: str, image: Any) -> Row:
    array = np.asarray(image)
    return name, origin, (array if array.ndim == 2 else array.transpose(2, 0, 1)).tobytes()


def of_table(folder: Path, _: Part) -> list[Row]:
    [path] = folder.glob("*/metadata.csv")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = zip(table["label"], table["origin"], table["file_name"], strict=True)
    return [row(name, origin, Image.open(path.parent / file)) for name, origin, file in rows]


def of_parquet(folder: Path, _: Part) -> list[Row]:
    [path] = (folder / "data").iterdir()
    table = pq.read_table(path)
    names = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]["label"]["names"]
    return [
        row(names[each["label"]], each["origin"], Image.open(io.BytesIO(each["image"]["bytes"])))
        for each in table.to_pylist()
    ]


def of_tar(folder: Path, _: Part) -> list[Row]:
    [path] = folder.glob("*.tar")
    with tarfile.open(path) as tar:
        found = {name: read.read() for name in tar.getnames() if (read := tar.extractfile(name))}
    facts = {name: json.loads(text) for name, text in found.items() if name.endswith(".json")}
    return [
        row(each["label"], each["origin"], Image.open(io.BytesIO(found[name.replace(".json", ".png")])))
        for name, each in facts.items()
    ]


def of_arrays(folder: Path, part: Part) -> list[Row]:
    split = {"train": "train", "validation": "val", "test": "test"}[part.split]
    [path] = folder.glob("*.npz")
    with np.load(path, allow_pickle=False) as arrays:
        origins = np.where(arrays[f"synthetic_{split}"], "synthetic", "real").tolist()
        names = [str(arrays["classes"][label]) for label in arrays[f"y_{split}"]]
        return [row(*each) for each in zip(names, origins, arrays[f"x_{split}"], strict=True)]


def of_coco(folder: Path, _: Part) -> list[Row]:
    found = json.loads((folder / "annotations.json").read_text())
    names = {each["id"]: each["name"] for each in found["categories"]}
    label = {each["image_id"]: names[each["category_id"]] for each in found["annotations"]}
    return [
        row(label[each["id"]], each["origin"], Image.open(folder / "images" / each["file_name"]))
        for each in found["images"]
    ]


READERS: dict[str, Callable[[Path, Part], list[Row]]] = {
    "imagefolder": of_table,
    "parquet": of_parquet,
    "webdataset": of_tar,
    "npz": of_arrays,
    "coco_json": of_coco,
}
OWN = sorted({*READERS} - {"coco_json"})


def expected(part: Part) -> list[Row]:
    manifest = part.images.manifest
    pixels = [image.tobytes() for image in part.images.images]
    return list(zip(manifest["class_name"], manifest["origin"], pixels, strict=True))


@pytest.mark.parametrize("name", FORMATS)
@given(part=parts())
@settings(max_examples=25)
def test_every_image_comes_back_with_its_class_and_origin(name: str, part: Part) -> None:
    with TemporaryDirectory() as scratch:
        export_images(part, name, Path(scratch, "out"))
        assert READERS[name](Path(scratch, "out"), part) == expected(part)


@pytest.mark.parametrize("name", OWN)
@given(part=parts())
@settings(max_examples=25)
def test_our_own_sources_read_what_we_export(name: str, part: Part) -> None:
    channels, height, width = part.images.shape
    block = {"image_size": [height, width], "mode": "grey" if channels == 1 else "rgb"}
    with TemporaryDirectory() as scratch:
        export_images(part, name, Path(scratch, "out"))
        found = recognised(Path(scratch, "out"))
        raw = reader(found | block).load(Path(scratch, "out"))
    told = Counter(zip((raw.classes[label] for label in raw.labels), map(np.ndarray.tobytes, raw.images), strict=True))
    names = part.images.manifest["class_name"].tolist()
    assert told == Counter(zip(names, map(np.ndarray.tobytes, part.images.images), strict=True))
    apart = {"train": None, "validation": raw.is_val, "test": raw.is_test}[part.split]
    assert part.split == "train" or (apart is not None and apart.all())
