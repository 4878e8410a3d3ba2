"""Bytes, marks, tables and what happens to an export that was cut short."""

import hashlib
import json
import os
import tarfile
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from augment.core.errors import ContainerError, DataError, LeftOutError, SettingsError
from augment.core.store import whole
from augment.exporting.image_sets import export_images
from augment.exporting.layout import FORMATS, UNFIT, folder_name
from augment.exporting.pictures import ABOUT, SOURCE_TYPE, XMP
from augment.finished.images import Part, read_part
from augment.finished.project import Project
from tests.finished.examples import CLASSES


@pytest.fixture(scope="module")
def part(project: Project) -> Part:
    return read_part(project, "toys", "merged")


def hashes(folder: Path) -> dict[str, str]:
    """Hash every file below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_that_is_cut_short_anywhere_is_continued_to_the_same_bytes(
    name: str, part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_images(part, name, tmp_path / "whole" / "out")
    expected = hashes(tmp_path / "whole" / "out")
    assert len(expected) >= 4
    written: list[str] = []

    def failing(path: Path) -> AbstractContextManager[Path]:
        if len(written) == stop:
            raise KeyboardInterrupt
        written.append(path.name)
        return whole(path)

    monkeypatch.setattr("augment.exporting.pieces.whole", failing)
    for stop in (1, 2, 3):  # noqa: B007  # `failing` reads it; the folder itself is the first
        with pytest.raises(KeyboardInterrupt):
            export_images(part, name, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    stop = -1
    export_images(part, name, tmp_path / "out")
    assert hashes(tmp_path / "out") == expected
    assert len(written) == 1 + len(expected) - 1  # each file once, and the folder with its first file
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


def test_nothing_is_overwritten(part: Part, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="out: expected nothing there, as nothing is overwritten; choose another --to"):
        export_images(part, "npz", tmp_path / "out")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match="link: expected nothing there"):
        export_images(part, "npz", tmp_path / "link")


def test_an_unfinished_export_of_other_content_is_left_as_it_is(
    part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("augment.exporting.image_sets.datasheet", interrupted)
        with pytest.raises(KeyboardInterrupt):
            export_images(part, "npz", tmp_path / "out")
    before = hashes(tmp_path)
    moved = part.facts.assign(origin="real")
    with pytest.raises(DataError, match=r"\.out\.partial: an unfinished export of other content is in the way"):
        export_images(replace(part, facts=moved), "npz", tmp_path / "out")
    assert hashes(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(part: Part, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="out: cannot be written"):
        export_images(part, "npz", tmp_path / "out")


def test_a_file_in_the_way_is_named(part: Part, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"out: cannot be written \((Not a directory|File exists)\)"):
        export_images(part, "npz", tmp_path / "file" / "out")


def test_synthetic_images_say_what_they_are_and_real_ones_do_not(part: Part, tmp_path: Path) -> None:
    export_images(part, "coco-json", tmp_path / "out")
    for row, synthetic in enumerate(part.synthetic):
        with Image.open(tmp_path / "out" / "images" / f"{row:06d}.png") as image:
            assert (XMP in image.info, ABOUT in image.info) == (synthetic, synthetic)
            if synthetic:
                assert f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}<" in image.info[XMP]
                about = json.loads(image.info[ABOUT])
                label = CLASSES[part.labels[row]]
                expected = {"origin": "synthetic", "dataset": "toys", "label": label}
                assert about == expected | {"synthesizer": "gan", "generator_seed": 77}


def test_the_table_tells_where_each_image_comes_from(project: Project, part: Part, tmp_path: Path) -> None:
    export_images(part, "npz", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "metadata.csv")
    real, drawn = table[table["origin"] == "real"], table[table["origin"] == "synthetic"]
    assert (len(real), len(drawn)) == (60, 60)
    assert real[["synthesizer", "generator_seed", "judged_label", "nearest_train_hash"]].isna().all(axis=None)
    assert drawn["synthesizer"].unique().tolist() == ["gan"]
    assert drawn["judged_label"].tolist() == drawn["label"].tolist()
    assert drawn["confidence"].unique().tolist() == [0.8]
    train = read_part(project, "toys", "real")
    scores = pd.read_parquet(project.root / "results/toys/synthetic/gan/scores.parquet")
    nearest = train.facts["content_hash"].to_numpy()[scores["nearest_train"]]
    scored = read_part(project, "toys", "gan").facts
    assert scored["nearest_train_hash"].tolist() == nearest.tolist()
    by_hash = dict(zip(scored["content_hash"], nearest, strict=True))
    assert drawn["nearest_train_hash"].tolist() == [by_hash[each] for each in drawn["content_hash"]]


def test_the_datasheet_has_a_header_and_leaves_the_licence_to_the_user(part: Part, tmp_path: Path) -> None:
    export_images(part, "parquet", tmp_path / "out")
    _, header, body = (tmp_path / "out" / "README.md").read_text().split("---\n", 2)
    assert "# license: yours to state" in header
    assert yaml.safe_load(header) == {
        "pretty_name": "toys, merged",
        "task_categories": ["image-classification"],
        "size_categories": ["n<1K"],
        "tags": ["synthetic"],
        "configs": [
            {"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]},
        ],
    }
    assert "| T-shirt/top | 20 | 20 |" in body
    assert "60 images were drawn by the synthesizer `gan`" in body
    assert "takes 60 of them for the class that they were made for" in body
    assert str(tmp_path) not in body


def test_the_product_says_why(project: Project, tmp_path: Path) -> None:
    export_images(read_part(project, "toys"), "npz", tmp_path / "out")
    assert "rain on `merged` with recipe `plain`" in (tmp_path / "out" / "README.md").read_text()


def test_shards_hold_all_images_in_order(part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augment.exporting.formats.parquet.SHARD", 50 * part.images.images[0].size)
    monkeypatch.setattr("augment.exporting.formats.webdataset.MOST", 50)
    for name in ("parquet", "webdataset"):
        export_images(part, name, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "parquet" / "data").iterdir())
    assert files == [f"train-{number:05d}-of-00003.parquet" for number in range(3)]
    table = pd.read_parquet(tmp_path / "parquet" / "data")
    assert table["content_hash"].tolist() == part.facts["content_hash"].tolist()
    names = []
    for number in range(3):
        with tarfile.open(tmp_path / "webdataset" / f"train-{number:06d}.tar") as tar:
            names += [name.removesuffix(".png") for name in tar.getnames() if name.endswith(".png")]
    assert names == [f"{row:06d}" for row in range(len(part.images))]
    assert "train-{000000..000002}.tar" in (tmp_path / "webdataset" / "README.md").read_text()


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_folders_of_classes_are_fit_for_any_system_and_differ_where_the_classes_do(one: str, other: str) -> None:
    assert UNFIT.sub("", folder_name(one)) in (folder_name(one), folder_name(one).replace("%", ""))
    assert "/" not in folder_name(one)
    assert folder_name(one) not in (".", "..")
    assert (folder_name(one) == folder_name(other)) == (one == other)


def test_classes_that_differ_in_case_alone_cannot_be_folders(part: Part, tmp_path: Path) -> None:
    images = part.images.manifest.assign(class_name=[["a", "A", "b"][label] for label in part.labels])
    clash = replace(part, images=replace(part.images, classes=("a", "A", "b"), manifest=images))
    with pytest.raises(DataError, match="classes a, A, b: some differ in case alone"):
        export_images(clash, "imagefolder", tmp_path / "out")


def test_what_does_not_exist_is_named_with_what_does(project: Project, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown dataset 'toyz'; expected one of toys, later"):
        read_part(project, "toyz")
    expected = "unknown image set 'merge'; expected one of product, real, val, test, merged, failed, gan, smote"
    with pytest.raises(SettingsError, match=expected):
        read_part(project, "toys", "merge")
    with pytest.raises(ContainerError, match="products/later: not there yet; run dvc repro first"):
        read_part(project, "later")
    with pytest.raises(LeftOutError, match=r"mixes\.failed: the images failed 1 check"):
        read_part(project, "toys", "failed")
    with pytest.raises(SettingsError, match="unknown format 'zip'; expected one of coco_json, imagefolder"):
        export_images(read_part(project, "toys"), "zip", tmp_path / "out")
