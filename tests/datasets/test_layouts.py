"""One dataset in every layout: each source gives the same images, labels, groups and splits; wrong ones are named."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from augment.core.errors import DataError
from augment.core.settings_block import parse
from augment.datasets.pictures import PictureSource
from augment.datasets.raw import RawImages, Source, SourceSpec
from tests.datasets.layouts import LAYOUTS, SIDE, arrays, idx, parquet, pictures, table, webdataset


def source(block: dict[str, Any]) -> Source:
    given = {"image_size": SIDE, "mode": "grey"} | block
    made: Source = parse(TypeAdapter(SourceSpec), given, "params.yaml")
    return made


def load(raw: Path, **block: Any) -> RawImages:
    return source(block).load(raw)


def refusal(raw: Path, **block: Any) -> str:
    with pytest.raises(DataError) as error:
        load(raw, **block)
    assert str(raw) in str(error.value)
    return str(error.value)


def test_every_source_of_files_has_a_layout_here() -> None:
    kinds = {kind for kind, spec in Source.registered().items() if issubclass(spec, PictureSource)}
    assert {layout.source["kind"] for layout in LAYOUTS.values()} == kinds


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_read_as_it_was_meant(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    layout.write(tmp_path / "toys")
    (tmp_path / "toys" / ".DS_Store").write_bytes(b"")
    raw = load(tmp_path / "toys", **layout.source)
    assert raw.classes == layout.classes
    order = raw.images[:, 0, 0, 0]
    by_number = np.argsort(order)
    assert order[by_number].tolist() == list(range(24))
    expected = list(pictures())
    assert (raw.images[by_number, 0] == np.stack([each.pixels for each in expected])).all()
    assert raw.labels[by_number].tolist() == [each.label for each in expected]
    if layout.groups:
        assert raw.groups is not None
        assert raw.groups[by_number].tolist() == [each.group for each in expected]
    assert (raw.groups is not None) == layout.groups
    for split, apart in (("test", raw.is_test), ("val", raw.is_val)):
        assert (apart is not None) == layout.splits
        if apart is not None:
            assert apart[by_number].tolist() == [each.split == split for each in expected]
    hidden = [names for reason, names in raw.account.left_out.items() if reason.startswith("hidden")]
    assert name == "split_folders" or hidden == [(".DS_Store",)]
    assert (tmp_path / "toys" / ".DS_Store").exists()


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_listing_tells_without_decoding(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_image(*_: object) -> None:
        raise AssertionError("expected no image to be decoded")

    LAYOUTS[name].write(tmp_path)
    monkeypatch.setattr("augment.datasets.decoding.decode", no_image)
    reader = source(LAYOUTS[name].source)
    assert isinstance(reader, PictureSource)
    told = reader.listing(tmp_path).told
    assert told.counts().tolist() == [12, 12]


def relabel(raw: Path, column: str, *values: object) -> None:
    """Put values into the first cells of a column of labels.csv."""
    frame = pd.read_csv(raw / "labels.csv", dtype=str)
    frame[column] = [*map(str, values), *frame[column][len(values) :]]
    frame.to_csv(raw / "labels.csv", index=False)


def test_images_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    table("csv")(tmp_path)
    (tmp_path / "images" / "more.png").write_bytes(next(pictures()).file())
    relabel(tmp_path, "label", "", " ")
    raw = load(tmp_path, kind="image_table")
    assert len(raw.labels) == 22
    assert raw.account.left_out["no label in labels.csv"] == ("images/00.png", "images/01.png", "images/more.png")


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("label", ["disc|box"], "each image has one label here, found labels such as disc|box"),
        ("label", ["disc; box"], "each image has one label here, found labels such as disc; box"),
        ("file", ["images/01.png"], "several rows with other labels for images/01.png"),
        ("file", ["images/02.png"], "expected one row an image, found several for images/02.png"),
        ("file", ["images/none.png"], "labels.csv: names images that are not there: images/none.png"),
        ("file", ["images\\\\00.png"], "Is images\\\\00.png meant to be images/00.png? Paths are"),
        ("file", ["00.png"], "names images that are not there: 00.png. Is 00.png meant to be images/00.png? Paths are"),
        ("file", ["images/00"], "Is images/00 meant to be images/00.png? Paths are seen from the table, with their"),
        ("file", ["other.png"], "names images that are not there: other.png. Paths are seen from the table"),
        ("file", ["../00.png"], "names images that are not there: ../00.png"),
        ("group", [""], "expected a group for each image or for none, found none of images/00.png"),
        ("split", ["holdout"], "expected splits called train, training, val,"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_name(tmp_path: Path, column: str, values: list[str], said: str) -> None:
    table("csv")(tmp_path)
    relabel(tmp_path, column, *values)
    assert said in refusal(tmp_path, kind="image_table")


def test_a_column_that_is_asked_for_by_name_must_be_there(tmp_path: Path) -> None:
    table("csv")(tmp_path)
    said = refusal(tmp_path, kind="image_table", group="patient", label="finding")
    assert "labels.csv: expected a table with the columns file and finding and patient" in said
    assert load(tmp_path, kind="image_table", label="group").classes == ("p0", "p1", "p2")
    assert "expected a table of the images' labels here" in refusal(tmp_path, kind="image_table", table="a.csv")


def test_a_list_of_labels_is_refused(tmp_path: Path) -> None:
    table("jsonl")(tmp_path)
    text = (tmp_path / "labels.jsonl").read_text()
    (tmp_path / "labels.jsonl").write_text(text.replace('"label":"box"', '"label":["box","disc"]', 1))
    said = refusal(tmp_path, kind="image_table", table="labels.jsonl")
    assert "expected one value a cell, found lists in label" in said
    (tmp_path / "labels.jsonl").write_text("[1]\n")
    assert "found list" in refusal(tmp_path, kind="image_table", table="labels.jsonl")


def test_a_broken_shard_is_named(tmp_path: Path) -> None:
    parquet(tmp_path)
    shard = tmp_path / "data" / "test-00000-of-00002.parquet"
    shard.write_bytes(shard.read_bytes()[:-9])
    assert "test-00000-of-00002.parquet: cannot be read" in refusal(tmp_path, kind="parquet")
    shard.unlink()
    assert "expected the column(s) picture, found image, label, group" in refusal(
        tmp_path, kind="parquet", image="picture"
    )
    assert "data/train-00000-of-00002.parquet#0: expected an image" in refusal(
        rewritten(tmp_path, b"no image"), kind="parquet"
    )


def rewritten(raw: Path, data: bytes) -> Path:
    path = raw / "data" / "train-00000-of-00002.parquet"
    frame = pd.read_parquet(path)
    frame["image"] = [{"bytes": data, "path": None}, *frame["image"][1:]]
    table = pd.DataFrame(frame)
    names = {0: "box", 1: "disc"}
    table["label"] = [names[label] for label in table["label"]]
    for other in (raw / "data").glob("*.parquet"):
        other.unlink()
    table.to_parquet(path)
    return raw


def test_a_dataset_of_the_hub_that_is_not_there_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(name: str, **_: object) -> None:
        raise OSError(f"no route to {name}")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    said = refusal(tmp_path, kind="huggingface", name="someone/toys")
    assert said == (
        f"{tmp_path}: someone/toys cannot be downloaded (OSError: no route to someone/toys). Without a network, put "
        "its Parquet files there and run again"
    )


def test_what_the_hub_gives_is_kept_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def download(name: str, **options: Any) -> None:
        asked.update(options, name=name)
        parquet(options["local_dir"])

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    for _ in range(2):
        assert len(load(tmp_path / "toys", kind="huggingface", name="someone/toys", revision="abc").labels) == 24
        assert asked.pop("name", "not asked again") in ("someone/toys", "not asked again")
    assert (asked["revision"], asked["repo_type"], asked["allow_patterns"]) == ("abc", "dataset", ["**/*.parquet"])


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"x_train": np.zeros((4, 8, 8), np.uint8), "y_train": np.eye(4)[:, :2]}, "several an image, or one-hot ones"),
        ({"x_train": np.zeros((4, 8, 8), np.uint8), "y_train": np.zeros(3, int)}, "found 4 images, but 3 labels"),
        (
            {"x_train": np.zeros((4, 8, 8, 2), np.uint8), "y_train": np.zeros(4, int)},
            "with C 1 or 3, found (4, 8, 8, 2): choose one or three channels, e.g. images[..., :3]",
        ),
        (
            {"x_train": np.zeros((4, 64), np.uint8), "y_train": np.zeros(4, int)},
            "found (4, 64): images.reshape(-1, height, width) makes pictures of rows",
        ),
        ({"x_train": np.full((4, 8, 8), 9.5), "y_train": np.zeros(4, int)}, "found numbers of kind float64: say which"),
        (
            {"x_train": np.ones((4, 8, 8, 3), np.float32), "y_train": np.zeros(4, int)},
            "of kind float32 from 0 to 1 (`depth: window` with `window: [0, 1]` takes them as such)",
        ),
        (
            {"x_train": np.zeros((4, 8, 8), np.uint8), "y_train": np.zeros(4)},
            "whole numbers or text, found float64: labels.astype(int) makes them such",
        ),
        ({"pictures": np.zeros((4, 8, 8), np.uint8)}, "expected arrays called x_train, y_train"),
        ({"x": np.array([None]), "y": np.zeros(1, int)}, "found an array of Python objects, which is not unpickled"),
        (
            {"x": np.zeros((1, 8, 8), np.uint8), "y": np.array(["a"], object)},
            "found an array of Python objects, which is not unpickled: save numbers or text (astype)",
        ),
        (
            {"images": np.zeros((4, 8, 8), np.uint8), "data": np.ones((4, 8, 8)), "labels": np.zeros(4, int)},
            "expected one array of images a split, found several: images with labels, data with labels",
        ),
        ({"x": np.zeros((0, 8, 8), np.uint8), "y": np.zeros(0, int)}, "expected images, found none"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, made: dict[str, Any], said: str) -> None:
    np.savez(tmp_path / "data.npz", **made)
    message = refusal(tmp_path, kind="npz")
    assert said in message or (said.startswith("whole") and "labels" in message)


@pytest.mark.parametrize("names", [("X", "Y"), ("Images", "LABELS"), ("data", "target"), ("X_train", "y_train")])
def test_arrays_are_found_however_they_are_spelt(names: tuple[str, str], tmp_path: Path) -> None:
    images, labels = arrays()["train"]
    np.savez(tmp_path / "a.npz", **dict(zip(names, (images, labels), strict=True)))
    assert load(tmp_path, kind="npz").labels.tolist() == labels.tolist()


def test_of_arrays_that_differ_by_capitals_none_is_passed_over(tmp_path: Path) -> None:
    images, labels = arrays()["train"]
    np.savez(tmp_path / "a.npz", x=images, X=images, y=labels)
    assert "expected arrays called x_train" in refusal(tmp_path, kind="npz")


def test_a_broken_npz_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=arrays()["train"][0], y=arrays()["train"][1])
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-30])
    assert "a.npz: cannot be read" in refusal(tmp_path, kind="npz")
    (tmp_path / "b.npz").write_bytes(b"")
    assert "expected one file that ends in .npz, found a.npz, b.npz" in refusal(tmp_path, kind="npz")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("order", ["C", "F"])
def test_channels_may_stand_first_as_pytorch_has_them_or_last(
    tmp_path: Path, channels: int, order: Literal["C", "F"]
) -> None:
    images = np.random.default_rng(0).integers(0, 255, (4, channels, SIDE, SIDE), dtype=np.uint8)
    mode = "grey" if channels == 1 else "rgb"
    for name, axes in (("first", images), ("last", np.moveaxis(images, 1, -1))):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "a.npz", images=np.asarray(axes, order=order), labels=np.array([0, 1, 0, 1]))
        assert (load(tmp_path / name, kind="npz", mode=mode).images == images).all()


def test_fractions_become_levels_by_a_window(tmp_path: Path) -> None:
    images = np.linspace(0, 1, 4, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, SIDE, SIDE), np.float32)
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([0, 1, 0, 1]))
    raw = load(tmp_path, kind="npz", mode="rgb", depth="window", window=[0, 1])
    assert raw.images[:, 2, 3, 4].tolist() == [0, 85, 170, 255]


def test_columns_first_in_memory_are_the_same_images(tmp_path: Path) -> None:
    images, labels = arrays()["train"]
    np.savez(tmp_path / "a.npz", images=np.asfortranarray(images), labels=np.array(["b", "a"])[labels])
    raw = load(tmp_path, kind="npz")
    assert (raw.images[:, 0] == images).all()
    assert raw.classes == ("a", "b")
    assert raw.labels.tolist() == (1 - labels).tolist()


def test_labels_that_are_numbers_are_ordered_as_numbers(tmp_path: Path) -> None:
    images, _ = arrays()["train"]
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(12))
    assert load(tmp_path, kind="npz").classes == tuple(str(number) for number in range(12))


def test_yes_and_no_are_white_and_black(tmp_path: Path) -> None:
    images = arrays()["train"][0] > 150
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(12) % 2)
    assert (load(tmp_path, kind="npz").images[:, 0] == np.where(images, 255, 0)).all()


def test_idx_files_that_are_not_whole_are_named(tmp_path: Path) -> None:
    idx(tmp_path)
    images = tmp_path / "train-images-idx3-ubyte.gz"
    whole = gzip.decompress(images.read_bytes())
    images.write_bytes(gzip.compress(whole[:-1]))
    assert "train-images-idx3-ubyte.gz: expected a whole file" in refusal(tmp_path, kind="idx")
    images.write_bytes(images.read_bytes()[:-12])
    assert "train-images-idx3-ubyte.gz: expected a whole file" in refusal(tmp_path, kind="idx")
    images.write_bytes(gzip.compress(b"\0\0\x0d\x03" + whole[4:]))
    assert "expected an idx file of unsigned bytes" in refusal(tmp_path, kind="idx")
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"expected its labels beside it, train-labels-idx1-ubyte; found none"):
        load(tmp_path, kind="idx")


def test_a_tar_that_is_wrong_is_named(tmp_path: Path) -> None:
    webdataset(tmp_path)
    path = tmp_path / "toys-test-000.tar"
    with tarfile.open(path, "a") as tar:
        for name, data in (("9998.png", b"x"), ("9999.json", b'{"label": ["box", "disc"]}'), ("9999.png", b"x")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    said = refusal(tmp_path, kind="webdataset")
    assert "toys-test-000.tar: expected an image and one label" in said
    assert said.endswith("found others for 9998 (png), 9999 (json, png)")
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("0001.npy"))
    assert "expected members of the kinds .bmp" in refusal(tmp_path, kind="webdataset")
    path.write_bytes(b"no tar")
    assert "toys-test-000.tar: cannot be read" in refusal(tmp_path, kind="webdataset")


@pytest.mark.parametrize("kind", sorted({layout.source["kind"] for layout in LAYOUTS.values()} - {"huggingface"}))
def test_an_empty_folder_says_what_belongs_there(kind: str, tmp_path: Path) -> None:
    assert "expected" in refusal(tmp_path, kind=kind)
    assert "expected" in refusal(tmp_path / "nowhere", kind=kind)


def test_a_folder_that_is_no_split_is_refused(tmp_path: Path) -> None:
    LAYOUTS["split_folders"].write(tmp_path)
    (tmp_path / "more").mkdir()
    assert refusal(tmp_path, kind="split_folders").endswith("found Train, testing, valid, more")
