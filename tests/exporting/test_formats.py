"""Every format, read back by the library that it is for."""

import gc
import io
import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Before it is imported: it must not look for a server.
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import pandas as pd
import pytest
import torchvision
from PIL import Image

from augment.core.images import UInt8Array
from augment.exporting.image_sets import export_images
from augment.exporting.layout import FORMATS, folder_name
from augment.finished.images import Part, read_part
from augment.finished.project import open_project
from tests.finished.examples import CLASSES, SHAPES, finished_run

MODES = {1: "L", 3: "RGB"}
Read = tuple[list[Any], list[str], list[str]]
"""Images, and the class name and the origin of each."""


@pytest.fixture(scope="module", params=[("grey", "merged"), ("rgb", "val")], ids="-".join)
def part(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Part:
    """One to train on, with synthetic images, and one to validate on."""
    shape, what = request.param
    root = finished_run(tmp_path_factory.mktemp("project"), SHAPES[shape])
    return read_part(open_project(root), "toys", what)


def pixels(image: Any) -> UInt8Array:
    """Give an image as C×H×W."""
    array = np.asarray(image)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


@contextmanager
def careless() -> Iterator[None]:
    """For libraries that warn of their own code, and leave files to be closed by the collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
        gc.collect()


def with_datasets(folder: Path, part: Part) -> Read:
    datasets = pytest.importorskip("datasets")
    with careless():
        found = datasets.load_dataset(str(folder), split=part.split, cache_dir=str(folder.parent / "cache"))
        name = found.features["label"].int2str if hasattr(found.features["label"], "int2str") else str
        read = [np.asarray(image) for image in found["image"]], [name(each) for each in found["label"]], found["origin"]
        del found
    return read


def with_torchvision(folder: Path, part: Part) -> Read:
    found = torchvision.datasets.ImageFolder(
        str(folder / part.split), loader=lambda path: opened(path, MODES[part.images.shape[0]])
    )
    table = pd.read_csv(folder / part.split / "metadata.csv").set_index("file_name")
    names = {folder_name(name): name for name in CLASSES}
    paths = [Path(path).relative_to(folder / part.split).as_posix() for path, _ in found.samples]
    order = np.argsort([path.rpartition("/")[2] for path in paths])
    images = [found.loader(found.samples[row][0]) for row in order]
    labels = [names[found.classes[found.samples[row][1]]] for row in order]
    return images, labels, [table["origin"][paths[row]] for row in order]


def opened(path: str, mode: str) -> Any:
    with Image.open(path) as image:
        assert image.mode == mode
        return np.asarray(image)


def with_pandas(folder: Path, _: Part) -> Read:
    table = pd.read_parquet(folder / "data")
    images = [Image.open(io.BytesIO(each["bytes"])) for each in table["image"]]
    return images, [CLASSES[label] for label in table["label"]], table["origin"].tolist()


def with_webdataset(folder: Path, part: Part) -> Read:
    webdataset = pytest.importorskip("webdataset")
    with careless():
        found = webdataset.WebDataset(str(folder / f"{part.split}-000000.tar"), shardshuffle=False)
        rows = list(found.decode("pil").to_tuple("png", "cls", "json"))
        del found
        gc.collect()
    images = [image.convert("L") if part.images.shape[0] == 1 else image for image, _, _ in rows]
    return images, [CLASSES[label] for _, label, _ in rows], [facts["origin"] for _, _, facts in rows]


def with_numpy(folder: Path, part: Part) -> Read:
    split = {"train": "train", "validation": "val"}[part.split]
    with np.load(folder / f"{part.split}.npz", allow_pickle=False) as arrays:
        assert arrays[f"x_{split}"].dtype == np.uint8
        labels = [str(arrays["classes"][label]) for label in arrays[f"y_{split}"]]
        origins = np.where(arrays[f"synthetic_{split}"], "synthetic", "real").tolist()
        return list(arrays[f"x_{split}"]), labels, origins


def with_pycocotools(folder: Path, part: Part) -> Read:
    coco = pytest.importorskip("pycocotools.coco").COCO(str(folder / "annotations.json"))
    rows = coco.loadImgs(coco.getImgIds())
    ids = [coco.loadAnns(coco.getAnnIds(imgIds=[row["id"]]))[0] for row in rows]
    assert all(one["bbox"] == [0, 0, row["width"], row["height"]] for one, row in zip(ids, rows, strict=True))
    names = [coco.loadCats([one["category_id"]])[0]["name"] for one in ids]
    images = [opened(str(folder / "images" / row["file_name"]), MODES[part.images.shape[0]]) for row in rows]
    assert [image.shape[:2] for image in images] == [(row["height"], row["width"]) for row in rows]
    return images, names, [row["origin"] for row in rows]


READERS: dict[str, list[Callable[[Path, Part], Read]]] = {
    "imagefolder": [with_datasets, with_torchvision],
    "parquet": [with_datasets, with_pandas],
    "webdataset": [with_webdataset],
    "npz": [with_numpy],
    "coco_json": [with_pycocotools],
}


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(FORMATS)


@pytest.mark.parametrize(("name", "read"), [(name, read) for name, readers in READERS.items() for read in readers])
def test_the_library_that_it_is_for_reads_what_was_written(
    name: str, read: Callable[[Path, Part], Read], part: Part, tmp_path: Path
) -> None:
    export_images(part, name, tmp_path / "out")
    images, labels, origins = read(tmp_path / "out", part)
    assert np.array_equal(np.stack([pixels(image) for image in images]), part.images.images)
    assert labels == part.images.manifest["class_name"].tolist()
    assert origins == part.images.manifest["origin"].tolist()


@pytest.mark.parametrize("name", FORMATS)
def test_croissant_finds_every_image(name: str, part: Part, tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    export_images(part, name, tmp_path / "out")
    with careless():
        found = mlcroissant.Dataset(tmp_path / "out" / "croissant.json")
        assert not found.metadata.issues.errors
        records = list(found.records("images"))
    told = [record["images/label"].decode() for record in records]
    assert told == part.images.manifest["class_name"].tolist()
    assert [record["images/content_hash"].decode() for record in records] == part.facts["content_hash"].tolist()
    distribution = json.loads((tmp_path / "out" / "croissant.json").read_text())["distribution"]
    assert all((tmp_path / "out" / each["contentUrl"]).is_file() for each in distribution)
