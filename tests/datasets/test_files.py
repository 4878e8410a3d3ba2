"""Folders as users have them: what is read, left out and said, and refused with what to do."""

import os
from pathlib import Path

import pytest

from augment.core.errors import DataError
from augment.datasets.files import HIDDEN, SYSTEM, TEXT, survey


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(DataError) as error:
        survey(folder)
    return str(error.value)


def test_what_is_left_out_is_told_with_the_reason(tmp_path: Path) -> None:
    fill(tmp_path, "cat/1.png", "dog/1.png", "cat/Thumbs.db", "cat/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", "@eaDir/1.jpg")
    fill(tmp_path, "__MACOSX/cat/._1.png", ".thumbnails/1.png", "cat/._1.png", "cat/notes.txt", "README", "dog/LICENSE")
    found = survey(tmp_path)
    assert found.files == {"cat": ["cat/1.png"], "dog": ["dog/1.png"]}
    assert found.left_out == {
        HIDDEN: [".thumbnails/1.png", "__MACOSX/cat/._1.png", "cat/._1.png"],
        SYSTEM: ["@eaDir/1.jpg", "cat/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", "cat/Thumbs.db"],
        TEXT: ["README", "cat/notes.txt", "dog/LICENSE"],
    }
    assert found.warnings == []


def test_a_class_may_be_called_like_a_text(tmp_path: Path) -> None:
    assert list(survey(fill(tmp_path, "notice/1.png", "log.txt/1.png")).files) == ["log.txt", "notice"]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("cat/scan", "no suffix: `file FILE` tells the format"),
        ("cat/a.npy", ".npy: `numpy.savez('data.npz'"),
        ("cat/1.GIF", ".gif: `mogrify -format png '*.gif[0]'`"),
        ("cat/1.jp2", ".jp2: `mogrify -format png '*.jp2'`"),
        ("cat/a.v2.mp4", ".mp4: films: `ffmpeg -i FILE.mp4 "),
        ("x.zip", ".zip: `unzip FILE.zip`"),
        ("x.2024.tar.gz", ".tar.gz: `tar -xf FILE.tar.gz`"),
        ("cat/1.png.gz", ".gz: decompress it (gunzip"),
        ("x.mat", ".mat: read it where you trust it, and `numpy.savez"),
        ("cat/1.nii.gz", ".nii.gz: volumes: "),
        ("x.npz", ".npz: holds many images: alone in a folder, it is read with `kind: npz`"),
        ("cat/1.0001", None),
    ],
)
def test_what_may_be_an_image_and_is_not_read_is_refused_with_what_to_do(
    tmp_path: Path, name: str, remedy: str | None
) -> None:
    fill(tmp_path, "cat/1.png", "dog/1.png", name)
    _, problem, found, *told = refusal(tmp_path).splitlines()
    assert problem.startswith("  files of a kind that is not read (expected .bmp, .jpeg, .jpg")
    assert found == f"    1 found: {name}"
    assert [line[: len(f"    {remedy}")] for line in told] == ([f"    {remedy}"] if remedy else [])


def test_kinds_with_one_remedy_are_told_together(tmp_path: Path) -> None:
    fill(tmp_path, "cat/1.tga", "cat/2.jxl", "cat/3.tga", "dog/1.png", "dog/4.gif")
    assert [line.partition(": ")[0] for line in refusal(tmp_path).splitlines()[3:]] == ["    .tga, .jxl", "    .gif"]


def test_other_names_of_formats_that_are_read_are_read(tmp_path: Path) -> None:
    fill(tmp_path, "cat/1.jfif", "cat/2.JPE", "dog/1.pbm", "dog/2.hif")
    assert survey(tmp_path).files == {"cat": ["cat/1.jfif", "cat/2.JPE"], "dog": ["dog/1.pbm", "dog/2.hif"]}


def test_the_file_of_groups_is_no_stray_file(tmp_path: Path) -> None:
    fill(tmp_path, "cat/1.png", "dog/1.png", "owners.csv")
    assert survey(tmp_path, beside=["owners.csv"]).left_out == {}
    assert survey(tmp_path).left_out == {TEXT: ["owners.csv"]}
    (tmp_path / "owners.csv").unlink()
    (tmp_path / "owners.csv").symlink_to("README")
    with pytest.raises(DataError, match=r"\n  links, which DVC does not follow, .*\n    1 found: owners.csv"):
        survey(tmp_path, beside=["owners.csv"])


def test_images_beside_the_class_folders_are_refused_all_on_one_screen_with_other_problems(tmp_path: Path) -> None:
    fill(tmp_path, "cat/1.png", "dog/1.png", *(f"{number:02}.png" for number in range(12)))
    os.mkfifo(tmp_path / "dog" / "2.png")
    (tmp_path / "cat" / "2.png").symlink_to(tmp_path / "cat" / "1.png")
    (tmp_path / "cats").symlink_to(tmp_path / "cat")
    (tmp_path / "dog" / "loop").symlink_to(tmp_path)
    fill(tmp_path, "dog/.dvcignore")
    lines = refusal(tmp_path).splitlines()
    assert lines[0] == f"{tmp_path}: cannot be read as it is:"
    told = dict(zip([line.split(",")[0].split(":")[0] for line in lines[1::2]], lines[2::2], strict=True))
    assert told == {
        "  images beside the class folders": "    12 found: 00.png, 01.png, 02.png, 03.png, 04.png, 05.png, "
        "06.png, 07.png, 08.png, 09.png, and 2 more",
        "  links": "    3 found: cat/2.png, cats, dog/loop",
        "  pipes": "    1 found: dog/2.png",
        "  .dvcignore files": "    1 found: dog/.dvcignore",
    }


def test_images_that_a_dvcignore_above_hides_from_dvc_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, "raw/pets/cat/1.png", "raw/pets/cat/2.tif", "raw/pets/dog/1.png")
    (tmp_path / ".dvcignore").write_text("# mine\n*.tif\n*.pyc\n")
    (tmp_path / "raw" / ".dvcignore").write_text("/pets/dog\n")
    assert refusal(Path("raw/pets")).splitlines()[1:] == [
        "  files that a .dvcignore hides from DVC, so that a change of them would pass unseen: change that file",
        "    2 found: cat/2.tif, dog/1.png",
    ]


def test_names_that_are_no_utf_8_or_cannot_be_printed_are_shown_escaped(tmp_path: Path) -> None:
    fill(tmp_path, "cat/1.png", "dog/1.png", os.fsdecode(b"caf\xe9/1.png"), "cat/a\nb.png")
    message = refusal(tmp_path)
    message.encode("ascii")
    assert "\n  names that are no UTF-8, which no table or page can show: rename them" in message
    assert r"2 found: caf\xe9, caf\xe9/1.png" in message
    assert r"cat/a\nb.png" in message


@pytest.mark.parametrize("names", [["train", "test"], ["Train", "val", "TEST"], ["training", "validation"], ["train"]])
def test_folders_of_splits_are_no_classes(tmp_path: Path, names: list[str]) -> None:
    fill(tmp_path, *(f"{name}/cat/1.png" for name in names))
    message = refusal(tmp_path)
    assert "are splits, no classes: read them with `kind: split_folders`" in message
    assert "say `split: {val: official, test: official}` to keep them" in message


def test_a_class_among_others_may_be_called_train(tmp_path: Path) -> None:
    found = survey(fill(tmp_path, "train/1.png", "car/1.png"))
    assert list(found.files) == ["car", "train"]
    (warning,) = found.warnings
    assert warning.startswith("classes with the names of splits: train. They are taken for classes; if they are splits")


def test_splits_inside_class_folders_are_said_not_to_be_heeded(tmp_path: Path) -> None:
    (warning,) = survey(fill(tmp_path, "cat/train/1.png", "cat/test/1.png", "dog/1.png")).warnings
    assert warning.startswith("class folders with folders for splits in them: cat. Those are not heeded")


def test_folders_of_the_same_names_in_every_class_folder_are_perhaps_the_classes(tmp_path: Path) -> None:
    files = [f"{fold}/{kind}/1.png" for fold in ("fold1", "fold2") for kind in ("cat", "dog")]
    (warning,) = survey(fill(tmp_path / "folds", *files)).warnings
    assert warning.startswith("every class folder holds folders of the same names: cat, dog. If these are the classes")
    assert "and fold1, fold2 are folds" in warning
    assert survey(fill(tmp_path / "some", *files, "fold1/2.png")).warnings == []
    assert survey(fill(tmp_path / "others", "cat/a/1.png", "cat/b/1.png", "dog/a/1.png", "dog/c/1.png")).warnings == []


@pytest.mark.parametrize("name", ["unlabelled", "Unlabeled"])
def test_what_has_no_label_is_no_class(tmp_path: Path, name: str) -> None:
    fill(tmp_path, "cat/1.png", "dog/1.png", f"{name}/1.png")
    assert f"{name} would be a class like any other, and by its name is none. Take it out" in refusal(tmp_path)


def test_a_folder_too_many_is_told(tmp_path: Path) -> None:
    fill(tmp_path, "pets/cat/1.png", "pets/dog/1.png")
    assert "found a single folder, pets, that holds folders: cat, dog. Are these the classes?" in refusal(tmp_path)


def test_labels_in_a_table_are_not_read(tmp_path: Path) -> None:
    fill(tmp_path, "images/1.png", "images/2.png", "labels.csv")
    assert "found a single folder, images. Labels in file names are not read" in refusal(tmp_path)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    assert refusal(tmp_path) == f"{tmp_path}/.: cannot be listed (Permission denied)".replace("/.:", ":")
