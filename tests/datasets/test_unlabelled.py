"""Images without labels: asked for by name, kept apart from the classes, and none of them known from a split."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from augment.core.errors import DataError
from augment.core.images import UInt8Array
from augment.core.seeding import numpy_generator
from augment.datasets.checks import distinct
from augment.datasets.near import measure, near_others, near_pairs
from augment.datasets.pool import pool_beside
from augment.datasets.raw import RawImages, Source, Unlabelled
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.sources.image_table import ImageTableSource
from augment.datasets.sources.split_folders import SplitFoldersSource
from augment.datasets.split_spec import LongTailScarcity, NoScarcity, PerClassScarcity, SplitSpec
from augment.datasets.splits import Split

LOOK: dict[str, Any] = {"image_size": 8, "mode": "grey"}


def draw(folder: Path, *names: str) -> Path:
    """Draw an image of one level each: its number among the names."""
    for level, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), level, dtype=np.uint8)).save(folder / name)
    return folder


def levels(images: UInt8Array) -> list[int]:
    return [int(image.max()) for image in images]


def folder(path: Path) -> Source:
    draw(path, "cat/1.png", "dog/1.png", "spare/a.png", "spare/deep/b.png")
    return ImageFolderSource(kind="image_folder", unlabelled="spare", **LOOK)


def splits(path: Path) -> Source:
    draw(path, "train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "test/dog/2.png", "spare/a.png", "spare/x/b.png")
    return SplitFoldersSource(kind="split_folders", unlabelled="spare", **LOOK)


def table(path: Path) -> Source:
    draw(path, "1.png", "2.png", "3.png", "4.png", "none.png")
    (path / "labels.csv").write_text("file,label\n1.png,cat\n3.png,\n2.png,dog\n4.png,  \n")
    return ImageTableSource(kind="image_table", unlabelled=True, **LOOK)


@pytest.mark.parametrize(
    ("write", "names", "of"),
    [
        (folder, ["spare/a.png", "spare/deep/b.png"], [2, 3]),
        (splits, ["spare/a.png", "spare/x/b.png"], [4, 5]),
        (table, ["3.png", "4.png"], [2, 3]),
    ],
)
def test_images_without_labels_stand_beside_the_classes(
    write: Any, names: list[str], of: list[int], tmp_path: Path
) -> None:
    read = write(tmp_path).load(tmp_path)
    assert read.classes == ("cat", "dog")
    assert read.unlabelled is not None
    assert read.unlabelled.names.tolist() == names
    assert levels(read.unlabelled.images) == of
    assert not set(levels(read.images)) & set(of)


@pytest.mark.parametrize("write", [folder, splits, table])
def test_nothing_is_taken_for_unlabelled_unasked_and_settings_stay_as_they_were(write: Any, tmp_path: Path) -> None:
    asked = write(tmp_path)
    plain = type(asked)(kind=asked.kind, **LOOK)
    assert "unlabelled" in asked.model_dump()
    assert "unlabelled" not in plain.model_dump()
    if write is splits:
        with pytest.raises(DataError, match="expected a folder each for two or three splits"):
            plain.load(tmp_path)
    else:
        read = plain.load(tmp_path)
        assert read.unlabelled is None
        assert read.classes == (("cat", "dog", "spare") if write is folder else ("cat", "dog"))
    if write is table:
        assert read.account.left_out == {"no label in labels.csv": ("3.png", "4.png", "none.png")}


@pytest.mark.parametrize("kind", [ImageFolderSource, SplitFoldersSource])
def test_a_folder_that_is_not_there_or_empty_is_refused_by_name(kind: Any, tmp_path: Path) -> None:
    draw(tmp_path, *(f"{split}/{name}/1.png" for split in ("train", "test") for name in ("cat", "dog")))
    source = kind(kind=kind.tag(), unlabelled="pool", **LOOK)
    for _ in range(2):
        with pytest.raises(DataError, match=r"/pool: expected a folder of images without labels, as source.unlabelled"):
            source.load(tmp_path)
        (tmp_path / "pool").mkdir(exist_ok=True)


def test_a_table_whose_rows_all_have_a_label_is_refused_where_some_should_have_none(tmp_path: Path) -> None:
    source = table(tmp_path)
    (tmp_path / "labels.csv").write_text("file,label\n1.png,cat\n2.png,dog\n")
    with pytest.raises(DataError, match=r"labels.csv: expected rows with an empty label"):
        source.load(tmp_path)


def test_groups_are_told_of_all_images_or_none(tmp_path: Path) -> None:
    folder(tmp_path)
    source = ImageFolderSource(kind="image_folder", unlabelled="spare", groups="who.csv", **LOOK)
    lines = ["file,group", "cat/1.png,a", "dog/1.png,b", "spare/a.png,c"]
    (tmp_path / "who.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"no group is given for spare/deep/b.png"):
        source.load(tmp_path)
    (tmp_path / "who.csv").write_text("\n".join([*lines, "spare/deep/b.png,d"]))
    read = source.load(tmp_path)
    assert read.groups is not None
    assert read.groups.tolist() == ["a", "b"]
    assert read.unlabelled is not None
    assert read.unlabelled.groups is not None
    assert read.unlabelled.groups.tolist() == ["c", "d"]


def noise(count: int, seed: int = 0) -> UInt8Array:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)


def nearly(image: UInt8Array) -> UInt8Array:
    changed = image.copy()
    changed[0, 0, 0] ^= 1
    return changed


def whole(count: int = 12, **more: Any) -> RawImages:
    return RawImages(noise(count), np.arange(count) % 2, ("cat", "dog"), **more)


SPLIT = Split(train=np.arange(4), val=np.arange(4, 8), test=np.arange(8, 12))
PLAIN, WHOLE = SplitSpec(val=0.2, test=0.2), NoScarcity(kind="none")


def test_images_known_from_a_split_exactly_or_nearly_are_dropped_and_counted() -> None:
    raw, own = whole(), noise(5, 1)
    known = np.stack([raw.images[8], nearly(raw.images[9]), raw.images[4], nearly(raw.images[1]), own[0]])
    pool = Unlabelled(np.concatenate([own, known]), np.asarray([str(number) for number in range(10)]))
    everything = whole(unlabelled=pool)
    kept = pool_beside(everything, distinct(everything), SPLIT, SPLIT.train, WHOLE, PLAIN, 0)
    assert kept is not None
    assert kept.rows.tolist() == [0, 1, 2, 3, 4]
    assert kept.account == {"read": 10, "copies": 1, "in_test": 2, "in_val": 1, "in_train": 1, "kept": 5}
    assert kept.warnings == []


def test_a_pool_of_which_nothing_is_left_is_refused() -> None:
    everything = whole(unlabelled=Unlabelled(noise(12), np.asarray([str(number) for number in range(12)])))
    with pytest.raises(DataError, match=r"found none: 12 images without a label, 4 left out: in test"):
        pool_beside(everything, distinct(everything), SPLIT, SPLIT.train, WHOLE, PLAIN, 0)


@pytest.mark.parametrize(
    ("spec", "left"),
    [
        (PLAIN, "abcd"),
        (SplitSpec(val=0.2, test=0.2, keep_together="group"), "ad"),
        (SplitSpec.model_validate({"val": 0.2, "test": {"groups": ["c"]}}), "abd"),
    ],
)
def test_no_image_is_of_a_group_that_training_is_to_see_nothing_of(spec: SplitSpec, left: str) -> None:
    groups = np.repeat(np.asarray(["a", "b", "c"]), 4)
    pool = Unlabelled(noise(4, 1), np.asarray(list("1234")), np.asarray(list("abcd")))
    everything = whole(groups=groups, unlabelled=pool)
    kept = pool_beside(everything, distinct(everything), SPLIT, SPLIT.train, WHOLE, spec, 0)
    assert kept is not None
    assert [str(pool.groups[row]) for row in kept.rows] == list(left)  # type: ignore[index]
    assert kept.account.get("of_their_groups", 0) == 4 - len(left)
    untold = whole(groups=groups, unlabelled=Unlabelled(pool.images, pool.names))
    kept = pool_beside(untold, distinct(untold), SPLIT, SPLIT.train, WHOLE, spec, 0)
    assert kept is not None
    assert len(kept.warnings) == (spec is not PLAIN)


def test_thinned_images_may_stay_without_their_labels() -> None:
    everything, train = whole(), np.arange(2)
    for spec in (
        PerClassScarcity(kind="per_class", count=1, unlabelled=1),
        LongTailScarcity(kind="long_tail", head=2, tail=1, unlabelled=2),
    ):
        kept = pool_beside(everything, distinct(everything), SPLIT, train, spec, PLAIN, 0)
        assert kept is not None
        assert len(kept.rows) == spec.unlabelled
        assert set(kept.hashes) <= set(distinct(everything).hashes[2:4])
    with pytest.raises(DataError, match=r"expected at most the 2 images thinned out, found 3"):
        pool_beside(
            everything,
            distinct(everything),
            SPLIT,
            train,
            PerClassScarcity(kind="per_class", count=1, unlabelled=3),
            PLAIN,
            0,
        )
    assert pool_beside(everything, distinct(everything), SPLIT, train, WHOLE, PLAIN, 0) is None


@given(st.integers(0, 2**32 - 1))
def test_near_copies_of_others_are_those_of_one_set(seed: int) -> None:
    rng = numpy_generator(seed, "test")
    images = rng.integers(0, 256, (20, 1, 8, 8), dtype=np.uint8)
    images[10:] = np.where(rng.random((10, 1, 8, 8)) < rng.random((10, 1, 1, 1)) / 8, images[10:], images[:10])
    rows = np.arange(20)
    scale = measure(images, rows, 0)
    found = near_others(images[10:], images, np.arange(10), scale)
    pairs = [pair for pair in near_pairs(images, rows, 0).tolist() if pair[0] < 10 <= pair[1]]
    assert sorted({second - 10 for _, second in pairs}) == np.flatnonzero(found).tolist()
