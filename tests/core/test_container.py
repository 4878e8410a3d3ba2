import json
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from augment.core.container import read_image_set, write_drawn_images, write_image_set
from augment.core.errors import ContainerError, DataError, LeftOutError
from augment.core.images import ImageSet, make_image_set
from augment.core.store import write_json, write_left_out


@pytest.fixture
def container(tmp_path: Path, stripes: ImageSet) -> Path:
    write_image_set(tmp_path / "set", stripes, {"stage": "test"})
    return tmp_path / "set"


def test_an_image_set_survives_the_disk(container: Path, stripes: ImageSet) -> None:
    found = read_image_set(container)
    assert (found.images == stripes.images).all()
    assert isinstance(found.images, np.memmap)
    pd.testing.assert_frame_equal(found.manifest, stripes.manifest)
    assert found.classes == stripes.classes


def test_the_same_set_gives_the_same_bytes(tmp_path: Path, container: Path, stripes: ImageSet) -> None:
    write_image_set(tmp_path / "again", stripes, {"stage": "test"})
    for file in container.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_rows_of_a_set_are_written_as_a_set_of_them(tmp_path: Path, stripes: ImageSet) -> None:
    rows = np.asarray([5, 3, 59, 4])
    write_image_set(tmp_path / "rows", stripes, {"stage": "test"}, rows)
    write_image_set(tmp_path / "set", stripes.select(rows), {"stage": "test"})
    for file in (tmp_path / "set").iterdir():
        assert file.read_bytes() == (tmp_path / "rows" / file.name).read_bytes()


def test_a_set_is_written_as_numpy_does_without_a_copy_of_it_in_memory(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 512, 512), dtype=np.uint8)  # 38 MiB
    large = make_image_set(images, np.arange(50) % 2, ["a", "b"])
    rows = np.arange(49, -1, -1)
    tracemalloc.start()
    write_image_set(tmp_path / "set", large, {}, rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 3
    np.save(tmp_path / "expected.npy", images[rows])
    assert (tmp_path / "set" / "images.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()


@pytest.mark.parametrize("size", [60, 7])
def test_images_written_batch_by_batch_give_the_same_bytes(tmp_path: Path, stripes: ImageSet, size: int) -> None:
    drawn = make_image_set(stripes.images, stripes.labels, stripes.classes, generator_seed=5)
    write_image_set(tmp_path / "at once", drawn, {"stage": "test"})
    batches = (stripes.images[start : start + size] for start in range(0, 60, size))
    path = tmp_path / "in batches"
    write_drawn_images(path, batches, stripes.labels, stripes.classes, {"stage": "test"}, generator_seed=np.full(60, 5))
    for file in (tmp_path / "at once").iterdir():
        assert file.read_bytes() == (path / file.name).read_bytes()


def test_a_missing_batch_leaves_no_container(tmp_path: Path, stripes: ImageSet) -> None:
    with pytest.raises(DataError, match=r"one a label \(60\), found 50"):
        write_drawn_images(
            tmp_path / "set", [stripes.images[:50]], stripes.labels, stripes.classes, {}, generator_seed=np.full(60, 5)
        )
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_array_is_named(container: Path) -> None:
    file = container / "images.npy"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ContainerError, match=r"images\.npy: cannot be read .*truncated"):
        read_image_set(container)


def test_a_pickled_array_is_refused(container: Path) -> None:
    np.save(container / "images.npy", np.asarray([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ContainerError, match=r"images\.npy: cannot be read"):
        read_image_set(container)


@pytest.mark.parametrize("name", ["images.npy", "manifest.parquet", "meta.json"])
def test_a_missing_file_is_named(container: Path, name: str) -> None:
    (container / name).unlink()
    with pytest.raises(ContainerError, match=rf"{name}: expected this file, found none"):
        read_image_set(container)


def test_a_missing_column_is_named(container: Path) -> None:
    manifest = pd.read_parquet(container / "manifest.parquet").drop(columns="origin")
    manifest.to_parquet(container / "manifest.parquet")
    with pytest.raises(ContainerError, match=r"set/manifest\.parquet: missing column\(s\) origin; expected label"):
        read_image_set(container)


def test_another_format_version_is_refused(container: Path) -> None:
    meta = json.loads((container / "meta.json").read_text())
    write_json(container / "meta.json", meta | {"format_version": 2})
    with pytest.raises(ContainerError, match="expected format_version 1, found 2"):
        read_image_set(container)


def test_files_of_different_sets_are_not_mixed(container: Path) -> None:
    meta = json.loads((container / "meta.json").read_text())
    write_json(container / "meta.json", meta | {"shape": [3, 8, 8]})
    with pytest.raises(
        ContainerError, match=r"expected shape \[60, 3, 8, 8\] as meta.json says, found \[60, 1, 8, 8\]"
    ):
        read_image_set(container)


def test_what_is_left_out_gives_its_reasons_to_whoever_reads_it(tmp_path: Path) -> None:
    write_left_out(tmp_path / "set", ["class a: too few", "class b: too few"])
    with pytest.raises(LeftOutError) as caught:
        read_image_set(tmp_path / "set")
    assert caught.value.reasons == ("class a: too few", "class b: too few")


def test_a_container_takes_the_place_of_what_was_left_out(tmp_path: Path, stripes: ImageSet) -> None:
    write_left_out(tmp_path / "set", ["too few"])
    write_image_set(tmp_path / "set", stripes, {})
    assert len(read_image_set(tmp_path / "set")) == len(stripes)


def change_meta(container: Path, **changes: object) -> None:
    meta = json.loads((container / "meta.json").read_text())
    write_json(container / "meta.json", meta | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": None}, r"classes: expected list\[str\], found None"),
        ({"classes": "abc"}, r"classes: expected list\[str\], found abc"),
        ({"classes": [1, 2, 3]}, r"classes: expected list\[str\], found \[1, 2, 3\]"),
        ({"classes": ["a", "a", "b"]}, "classes: expected each name once"),
        ({"shape": 8}, r"shape: expected list\[int\], found 8"),
        ({"shape": [1, 8.0, 8]}, r"shape: expected list\[int\]"),
        ({"images": True}, "images: expected int, found True"),
        ({"made_by": []}, r"made_by: expected dict, found \[\]"),
    ],
)
def test_a_false_meta_is_named(container: Path, changes: dict[str, object], message: str) -> None:
    change_meta(container, **changes)
    with pytest.raises(ContainerError, match=rf"meta\.json: {message}"):
        read_image_set(container)


def test_json_too_deep_to_read_is_named(container: Path) -> None:
    (container / "meta.json").write_text("[" * 100_000)
    with pytest.raises(ContainerError, match=r"meta\.json: cannot be read \(RecursionError"):
        read_image_set(container)


def test_an_archive_in_the_arrays_place_is_named(container: Path) -> None:
    with (container / "images.npy").open("wb") as file:
        np.savez(file, np.zeros(3))
    with pytest.raises(ContainerError, match=r"images\.npy: expected an array, found NpzFile"):
        read_image_set(container)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("label", ["x"] * 60, "label: expected whole numbers, found str"),
        ("label", [0.5] * 60, "label: expected whole numbers, found float64"),
        ("label", [None, *[0] * 59], "label: expected whole numbers"),
        ("class_name", ["low"] * 60, r"class_name: 40 of 60 are false, e\.g\. in row 1: low"),
        ("origin", ["real"] * 59 + ["dream"], r"origin: 1 of 60 are false, e\.g\. in row 59: dream"),
        ("origin", [None] * 60, "origin: 60 of 60 are false"),
        ("content_hash", ["0"] * 60, "content_hash: 60 of 60 are false"),
        ("content_hash", [7] * 60, "content_hash: 60 of 60 are false"),
        ("weight", [1.0] * 59 + [-1.0], r"weight: 1 of 60 are false, e\.g\. in row 59: -1\.0"),
        ("weight", [float("inf")] * 60, "weight: 60 of 60 are false"),
        ("weight", ["much"] * 60, r"weight: has values of another kind \("),
    ],
)
def test_a_false_manifest_is_named(container: Path, column: str, values: list[object], message: str) -> None:
    manifest = pd.read_parquet(container / "manifest.parquet")
    manifest.assign(**{column: pd.Series(values)}).to_parquet(container / "manifest.parquet")
    with pytest.raises(ContainerError, match=rf"set/manifest\.parquet: {message}"):
        read_image_set(container)


def test_images_of_another_kind_are_named_with_their_file(container: Path) -> None:
    np.save(container / "images.npy", np.zeros((60, 1, 8, 8)))
    with pytest.raises(ContainerError, match=r"set/images\.npy: expected uint8 N×C×H×W with C 1 or 3, found float64"):
        read_image_set(container)


def test_a_row_too_few_is_named_with_its_file(container: Path) -> None:
    pd.read_parquet(container / "manifest.parquet").head(59).to_parquet(container / "manifest.parquet")
    with pytest.raises(ContainerError, match=r"set/manifest\.parquet: 59 rows for 60 images"):
        read_image_set(container)


def test_of_many_pixels_a_sample_is_held_against_the_hashes(container: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augment.core.container.CHECKED", 60 * 64 // 4)
    manifest = pd.read_parquet(container / "manifest.parquet")
    manifest.loc[np.arange(60) % 4 > 0, "content_hash"] = "false, and not looked at"
    manifest.to_parquet(container / "manifest.parquet")
    read_image_set(container)
    manifest.assign(content_hash="false").to_parquet(container / "manifest.parquet")
    with pytest.raises(ContainerError, match="content_hash: 15 of 15 are false"):
        read_image_set(container)
