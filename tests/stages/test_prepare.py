"""The stage prepare: splits and groups, what it says of files, and what it refuses."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augment.core.container import read_image_set
from augment.core.errors import DataError
from augment.core.images import UNLABELLED, ImageSet, as_text, content_hashes
from augment.core.store import read_json
from augment.datasets.raw import RawImages, Source
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.sources.sklearn_digits import SklearnDigitsSource
from augment.datasets.split_spec import NoScarcity, PerClassScarcity, ScarcitySpec, SplitSpec
from augment.datasets.splits import Split
from augment.stages.prepare import prepare

WHOLE = NoScarcity(kind="none")
GREY = ImageFolderSource(kind="image_folder", image_size=8, mode="grey")


def run(folder: Path, source: Source = GREY, scarcity: ScarcitySpec = WHOLE, **split: Any) -> dict[str, Any]:
    """Prepare ``folder/raw``, and give the account of its files."""
    prepare.run(
        dataset="pets",
        source=source,
        split=SplitSpec(**({"val": 6, "test": 6} | split)),
        scarcity=scarcity,
        seed=0,
        **{name: folder / name for name in ("raw", "train", "val", "test", "unlabelled", "files")},
    )
    return read_json(folder / "files")


def draw(folder: Path, counts: dict[str, int], seed: int = 0) -> Path:
    """Draw noise for each class."""
    rng = np.random.default_rng(seed)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(folder / name / f"{number:02}.png")
    return folder


def test_each_image_takes_its_group_with_it(tmp_path: Path) -> None:
    """Groups are told by brightness; splitting and dropping duplicates must not mix them up."""
    raw, rng = tmp_path / "raw", np.random.default_rng(0)
    lines = ["file,group"]
    for label in ("cat", "dog"):
        (raw / label).mkdir(parents=True)
        for number in range(12):
            low = number % 2 * 128
            pixels = rng.integers(low, low + 128, (8, 8)) if number else np.full((8, 8), 7)  # 0 is a duplicate
            Image.fromarray(pixels.astype(np.uint8)).save(raw / label / f"{number}.png")
            lines.append(f"{label}/{number}.png,{'bright' if low else 'dark'}")
    (raw / "light.csv").write_text("\n".join(lines))
    told = run(tmp_path, GREY.model_copy(update={"groups": "light.csv"}))
    read = {name: read_image_set(tmp_path / name) for name in ("train", "val", "test")}
    assert {name: len(images) for name, images in read.items()} == {"train": 10, "val": 6, "test": 6}
    for images in read.values():
        bright = images.images.reshape(len(images), -1).mean(1) > 128
        assert images.manifest["group"].tolist() == ["bright" if each else "dark" for each in bright]
    assert told["warnings"][0] == (
        "2 images are left out, as the same image stands under several labels: of cat (1 of 12), dog (1 of 12): "
        "cat/0.png = dog/0.png. Each image has one label here: leave each in one class"
    )
    assert any("2 of 2 groups stand in train and in test (bright, dark)" in warning for warning in told["warnings"])


def test_the_account_has_every_file_and_every_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = draw(tmp_path / "raw", {"cat": 60, "dog": 70})
    for name in ("cat/Thumbs.db", "cat/.1.png", "dog/notes.txt", "README"):
        (raw / name).write_text("no image")
    (raw / "cat" / "copy.png").write_bytes((raw / "cat" / "00.png").read_bytes())  # one is not worth a warning
    for number in range(9):  # copies
        (raw / "dog" / f"copy{number}.png").write_bytes((raw / "dog" / "00.png").read_bytes())
    told = run(tmp_path, val=20, test=100)
    assert told["shape"] == [1, 8, 8]
    assert told["made_by"]["source"] == {"kind": "image_folder", "image_size": 8, "mode": "grey", "groups": None}
    assert told["files"] == {
        "read": 140,
        "left_out": {
            "hidden (a dot before the name)": {"files": 1, "by_class": {"cat": 1}, "examples": ["cat/.1.png"]},
            "put there by a system": {
                "files": 1,
                "by_class": {"cat": 1},
                "examples": ["cat/Thumbs.db"],
            },
            "text": {"files": 2, "by_class": {"": 1, "dog": 1}, "examples": ["README", "dog/notes.txt"]},
        },
    }
    dealt = {name: read_image_set(tmp_path / name).class_counts() for name in ("train", "val", "test")}
    for label, (name, read, copies) in enumerate((("cat", 61, 1), ("dog", 79, 9))):
        splits = {split: counts[label] for split, counts in dealt.items()}
        assert told["classes"][name] == {"read": read, "copies": copies, "several_labels": 0, "thinned": 0, **splits}
        assert sum(splits.values()) == read - copies
    (warning,) = told["warnings"]
    assert warning == (
        "class dog: 9 of 79 images are copies of others of the class, pixel by pixel, and left out, e.g. dog/copy0.png"
    )
    printed = capsys.readouterr().out
    assert f"prepare pets: WARNING: {warning}\n" in printed
    assert "prepare pets: note: 2 files left out, text: README, dog/notes.txt\n" in printed


def test_of_many_files_left_out_the_folders_are_told_and_not_every_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = draw(tmp_path / "raw", {"cat": 12, "dog": 12})
    for name in [*(f"cat/@eaDir/{number}.png/SYNOPHOTO_THUMB_M.jpg" for number in range(4)), "dog/@eaDir/0.jpg"]:
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).write_bytes(b"")
    run(tmp_path)
    (note,) = [line for line in capsys.readouterr().out.splitlines() if "left out" in line]
    assert note.startswith("prepare pets: note: 5 files left out, ")
    assert note.endswith(": 4 in cat, 1 in dog, e.g. cat/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg")


def test_a_class_that_is_one_image_many_times_is_refused_with_the_reason(tmp_path: Path) -> None:
    raw = draw(tmp_path / "raw", {"cat": 12, "dog": 12, "background": 0})
    for number in range(12):
        Image.new("L", (8, 8)).save(raw / "background" / f"{number:02}.png")
    with pytest.raises(DataError) as error:
        run(tmp_path)
    assert str(error.value) == (
        "split.test: every class needs at least 2 images to set some apart, too few of background (1)\n"
        "  class background: 11 of 12 images are copies of others of the class, pixel by pixel, and left out, "
        "e.g. background/01.png"
    )
    assert not (tmp_path / "train").exists()


def test_classes_whose_names_look_alike_are_told_and_so_are_groups(tmp_path: Path) -> None:
    raw = draw(tmp_path / "raw", {"caf\u00e9": 12, "cafe\u0301": 12})
    files = [f"{folder.name}/{file.name}" for folder in sorted(raw.iterdir()) for file in sorted(folder.iterdir())]
    groups = "".join(f"{file},{('North', 'north')[row % 2]}\n" for row, file in enumerate(files))
    (raw / "groups.csv").write_text(f"file,group\n{groups}", encoding="utf-8")
    told = run(tmp_path, GREY.model_copy(update={"groups": "groups.csv"}))["warnings"]
    almost, mend = "whose names are almost the same", "If they are one, give them one name"
    assert f"classes {almost}: cafe\u0301 (cafe\\u0301), caf\u00e9 (caf\\xe9). {mend}" in told
    assert f"groups {almost}: North, north. {mend}" in told


def test_a_class_that_many_mean_no_class_by_is_told(tmp_path: Path) -> None:
    draw(tmp_path / "raw", {"-1": 12, "0": 12, "1": 12})
    told = run(tmp_path)["warnings"]
    assert "a class is called -1, which in many datasets means that an image has no label: is it a class?" in told
    assert not any("almost the same" in said for said in told)


def test_cells_without_images_are_no_fault_where_groups_stay_together(tmp_path: Path) -> None:
    raw = draw(tmp_path / "raw", {"cat": 24, "dog": 24})
    files = [f"{folder.name}/{file.name}" for folder in sorted(raw.iterdir()) for file in sorted(folder.iterdir())]
    patients = "".join(f"{file},p{row // 4}\n" for row, file in enumerate(files))  # each of one class
    (raw / "groups.csv").write_text(f"file,group\n{patients}")
    grouped = GREY.model_copy(update={"groups": "groups.csv"})
    assert any(said.startswith("no train image of cat from p") for said in run(tmp_path, grouped)["warnings"])
    together = run(tmp_path, grouped, val=12, test=12, keep_together="group")["warnings"]
    assert not any("no train image of" in said for said in together)


def test_frames_of_a_film_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for scene in range(4):
        base = rng.integers(3, 250, (8, 8))
        folder = tmp_path / "raw" / ("cat", "dog")[scene % 2]
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(20):
            frame = base + rng.integers(-2, 3, (8, 8))
            Image.fromarray(frame.astype(np.uint8)).save(folder / f"{scene}-{number}.png")
    warning = run(tmp_path, val=10, test=10)["warnings"][0]
    assert warning.startswith("80 of 80 images that were looked at have a near copy, e.g. ")
    assert "every accuracy is too high for images that are truly new. Keep one of each" in warning


def test_small_splits_and_classes_are_told_with_what_to_change(tmp_path: Path) -> None:
    draw(tmp_path / "raw", {"circle": 30, "square": 9, "tri": 3})
    warnings = run(tmp_path, val=0.4, test=0.34)["warnings"]
    assert warnings == [
        "15 test images: an accuracy measured on them is uncertain by up to ±25 points; smaller differences between "
        "arms cannot be told from chance. Raise split.test, or add images",
        "fewer than 5 val images of square (2), tri (1): figures of these classes mean next to nothing",
        "fewer than 5 test images of square (3), tri (1): figures of these classes mean next to nothing",
        "a single train image of tri (1): nothing can be interpolated, and no synthesizer learns how such images vary. "
        "Add images, lower split.val and split.test, or leave the classes out",
    ]


def test_images_that_scarcity_takes_out_are_counted(tmp_path: Path) -> None:
    draw(tmp_path / "raw", {"cat": 40, "dog": 60})
    told = run(tmp_path, scarcity=PerClassScarcity(kind="per_class", count=6), val=20, test=60)
    for counts in told["classes"].values():
        assert counts["train"] + counts["val"] + counts["test"] + counts["thinned"] == counts["read"]
        assert counts["train"] == 6
    (warning,) = told["warnings"]
    assert warning.startswith("60 test images: an accuracy measured on them is uncertain by up to ±13 points")


def test_equal_classes_have_nothing_to_fill(tmp_path: Path) -> None:
    draw(tmp_path / "raw", {"cat": 12, "dog": 12})
    assert run(tmp_path)["notes"] == [
        "every class has 6 train images: a mix with `fill: largest` has nothing to fill; give it a `share`"
    ]


def test_images_are_in_memory_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (1000, 3, 128, 128), dtype=np.uint8)  # 47 MiB
    images[900:] = images[:100]
    found = RawImages(images, np.arange(1000) % 5, tuple("abcde"))
    monkeypatch.setattr(ImageFolderSource, "load", lambda *_: found)
    tracemalloc.start()
    run(tmp_path, GREY.model_copy(update={"image_size": 128, "mode": "rgb"}), val=0.2, test=0.25)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 2  # beside those that the source gave
    assert len(read_image_set(tmp_path / "train")) == 540


def test_splits_that_overlap_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlapping = Split(train=np.arange(5), val=np.arange(4, 8), test=np.arange(8, 12))
    monkeypatch.setattr("augment.stages.prepare.split_rows", lambda *_: overlapping)
    paths = {name: tmp_path / name for name in ("raw", "train", "val", "test", "unlabelled", "files")}
    with pytest.raises(DataError, match=r"train and .*val: expected no image in both, found 1"):
        prepare.run(
            dataset="digits",
            source=SklearnDigitsSource(kind="sklearn_digits"),
            split=SplitSpec(val=4, test=4),
            scarcity=NoScarcity(kind="none"),
            seed=0,
            **paths,
        )
    assert list(tmp_path.iterdir()) == []


def test_images_without_labels_are_a_container_of_their_own_and_accounted_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = draw(tmp_path / "raw", {"cat": 12, "dog": 12, "spare": 5})
    (raw / "spare" / "copy.png").write_bytes((raw / "spare" / "00.png").read_bytes())
    (raw / "spare" / "known.png").write_bytes((raw / "cat" / "00.png").read_bytes())
    told = run(tmp_path, GREY.model_copy(update={"unlabelled": "spare"}))
    pool = read_image_set(tmp_path / "unlabelled")
    assert (len(pool), pool.classes, set(pool.manifest["origin"])) == (5, (UNLABELLED,), {"real"})
    labelled = [read_image_set(tmp_path / name) for name in ("train", "val", "test")]
    assert all(images.classes == ("cat", "dog") for images in labelled)
    hashes = {each for images in labelled for each in images.manifest["content_hash"]}
    assert not hashes & set(pool.manifest["content_hash"])
    in_splits = dict(zip(("train", "val", "test"), labelled, strict=True))
    (split,) = (name for name, images in in_splits.items() if known(raw) in hashes_of(images))
    account = {"read": 7, "copies": 1, "in_test": 0, "in_val": 0, "in_train": 0, "kept": 5} | {f"in_{split}": 1}
    assert told["unlabelled"] == account
    assert told["files"]["read"] == 31
    said = f"7 images without a label, 1 left out: copies of others of them, 1 left out: in {split}, or near copies of"
    assert any(said in note for note in told["notes"])
    assert said in capsys.readouterr().out


def known(raw: Path) -> str:
    (found,) = as_text(content_hashes(np.asarray(Image.open(raw / "cat" / "00.png"))[None, None]))
    return str(found)


def hashes_of(images: ImageSet) -> set[str]:
    return set(images.manifest["content_hash"])


def test_without_such_images_the_container_is_empty_and_nothing_else_speaks_of_them(tmp_path: Path) -> None:
    draw(tmp_path / "raw", {"cat": 12, "dog": 12})
    told = run(tmp_path)
    pool = read_image_set(tmp_path / "unlabelled")
    assert (len(pool), pool.shape, pool.classes) == (0, (1, 8, 8), (UNLABELLED,))
    assert "unlabelled" not in json.dumps(told)
    assert "unlabelled" not in (tmp_path / "train" / "meta.json").read_text()
