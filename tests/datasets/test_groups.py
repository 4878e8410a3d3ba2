"""CSV files that say which group each image belongs to."""

from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from augment.core.errors import DataError
from augment.datasets.raw import RawImages
from tests.datasets.test_image_folder import folder_source


def load_raw(folder: Path, groups: str | None = "owners.csv") -> RawImages:
    return folder_source(groups=groups).load(folder)


def write_pets(folder: Path, groups: str) -> None:
    """Write a cat and two dogs, and who they belong to."""
    for name in ("cat/1.png", "dog/1.png", "dog/2.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), 9).save(folder / name)
    (folder / "owners.csv").write_text(groups)


def test_groups_are_read_by_file_name_whatever_the_order(tmp_path: Path) -> None:
    write_pets(tmp_path, "group,file\nsouth,dog/2.png\n NA ,cat/1.png\nsouth,dog/1.png\n")
    raw = load_raw(tmp_path)
    assert raw.groups is not None
    assert raw.groups.tolist() == ["NA", "south", "south"]
    assert load_raw(tmp_path, None).groups is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,group\ncat/1.png,a\ndog/1.png,\n", "no group is given for dog/1.png, dog/2.png"),
        ("file,group\ncat/1.png,a\ndog/1.png,a\ndog/2.png,b\ndog/3.png,b\n", "no image there is called dog/3.png"),
        ("file,group\ncat/1.png,a\ndog/1.png,a\ndog/2.png,b\ncat/1.png,b\n", "more than one row names cat/1.png"),
        ("file,owner\ncat/1.png,a\n", "the columns file and group"),
        ("", "the columns file and group, found an empty file"),
        ("file;group\ncat/1.png;a\n", "found file;group; its columns seem to be parted by ; or a tab"),
        ("file,group,file\ncat/1.png,a,b\n", "found file, group, file"),
        ("file,group\ncat/1.png,a\ndog/1.png,a,x\ndog/2.png\n", r"2 fields in every row.* line 3 \(3\), line 4 \(1\)"),
        ('file,group\n"cat/1.png,a\n', "unexpected end of data"),
        (
            "file,group\ncat\\1.png,a\ndog/1.png,a\ndog/2.png,a\n",
            r"called \(a path's parts are joined by /\) cat\\1\.png",
        ),
        ("file,group\ncat/1.png,a\ndog/1.png,a\x07b\ndog/2.png,a\n", "cannot be printed are in the group of dog/1.png"),
    ],
)
def test_groups_that_do_not_fit_the_images_are_told(tmp_path: Path, table: str, message: str) -> None:
    write_pets(tmp_path, table)
    with pytest.raises(DataError, match=rf"(?s)owners\.csv: expected .*{message}"):
        load_raw(tmp_path)


def test_a_file_of_groups_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_pets(tmp_path, "")
    with pytest.raises(DataError, match=r"nobody\.csv: expected a CSV file"):
        load_raw(tmp_path, "nobody.csv")


def test_groups_lie_in_the_raw_folder() -> None:
    with pytest.raises(ValidationError, match="groups"):
        folder_source(groups="../other/owners.csv")


def test_a_table_in_another_encoding_is_told_so(tmp_path: Path) -> None:
    write_pets(tmp_path, "")
    (tmp_path / "owners.csv").write_bytes("file,group\ncat/1.png,café\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"owners\.csv: expected a CSV file, in UTF-8, .* \(UnicodeDecodeError"):
        load_raw(tmp_path)
    owners = "\ufefffile,group\ncat/1.png,café\ndog/1.png,a\ndog/2.png,a\n"
    (tmp_path / "owners.csv").write_text(owners, encoding="utf-8")  # with the mark that spreadsheets put first
    groups = load_raw(tmp_path).groups
    assert groups is not None
    assert groups.tolist() == ["café", "a", "a"]
