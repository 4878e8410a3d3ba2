"""Folders of images a class: what is read, how it is made alike, and what is refused."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from augment.core.errors import DataError
from augment.datasets.sources import SUFFIXES, load_raw
from augment.datasets.specs import ImageFolderSource


def folder_source(mode: str = "rgb", size: int = 8, groups: str | None = None) -> ImageFolderSource:
    return ImageFolderSource.model_validate({"kind": "image_folder", "size": size, "mode": mode, "groups": groups})


def save(path: Path, image: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def test_a_folder_of_mixed_images_follows_the_policy(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "wide.png", Image.new("RGB", (40, 20), (200, 0, 0)))
    save(tmp_path / "dog" / "grey.png", Image.new("L", (8, 8), 77))
    save(tmp_path / "dog" / "clear.png", Image.new("RGBA", (9, 9), (0, 0, 0, 0)))
    raw = load_raw(folder_source(), tmp_path)
    assert raw.classes == ("cat", "dog")
    assert raw.labels.tolist() == [0, 1, 1]
    assert raw.images.shape == (3, 3, 8, 8)
    assert raw.images[0, :, 4, 4].tolist() == [200, 0, 0]
    assert (raw.images[1] == 255).all()  # transparent is laid on white
    assert (raw.images[2] == 77).all()


def test_the_middle_of_a_wide_image_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((10, 30), dtype=np.uint8)
    pixels[:, 10:20] = 255
    save(tmp_path / "a" / "1.png", Image.fromarray(pixels))
    save(tmp_path / "b" / "1.png", Image.fromarray(pixels))
    raw = load_raw(folder_source("grey"), tmp_path)
    assert raw.images.shape == (2, 1, 8, 8)
    assert (raw.images[:, :, :, 1:-1] == 255).all()  # at the rim, resizing mixes in a little of the neighbours
    assert raw.images.min() > 200


def test_an_upright_image_is_made_of_a_turned_one(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8), dtype=np.uint8)
    pixels[0] = 255  # bright top
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 3  # the camera was upside down
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        image.save(tmp_path / name / "1.png", exif=exif)
    raw = load_raw(folder_source("grey"), tmp_path)
    assert raw.images[0, 0, -1].tolist() == [255] * 8


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected one folder of images a class"):
        load_raw(folder_source(), tmp_path)


def test_a_class_without_images_is_named(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "1.png", Image.new("L", (8, 8)))
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "names.txt").write_text("Rex")
    with pytest.raises(DataError, match=r"expected images \(\.bmp, .*\) of every class, found none in dog$"):
        load_raw(folder_source(), tmp_path)


def test_every_kind_of_image_that_the_documentation_lists_is_read(tmp_path: Path) -> None:
    documented = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
    for number, suffix in enumerate(SUFFIXES):
        assert f"`{suffix}`" in documented
        save(tmp_path / "cat" / f"{number}{suffix}", Image.new("L", (8, 8), 20 * number))
        save(tmp_path / "dog" / f"{number}{suffix.upper()}", Image.new("L", (8, 8), 20 * number))
    raw = load_raw(folder_source("grey"), tmp_path)
    assert raw.labels.tolist() == [0] * len(SUFFIXES) + [1] * len(SUFFIXES)
    assert raw.images[:, 0, 4, 4].tolist() == [20 * number for number in range(len(SUFFIXES))] * 2


def test_images_of_a_kind_that_is_not_read_are_refused_with_an_example(tmp_path: Path) -> None:
    for number in range(8):
        save(tmp_path / "cat" / f"{number}.png", Image.new("L", (8, 8)))
    for number in range(6):
        save(tmp_path / "dog" / f"{number}.GIF", Image.new("L", (8, 8)))
    with pytest.raises(DataError) as error:
        load_raw(folder_source(), tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: 6 of 14 image files are of a kind that is not read, e.g. dog/0.GIF; expected .bmp, .jpeg, .jpg, "
        ".pgm, .png, .ppm, .tif, .tiff, .webp: convert them or take them out"
    )


def test_what_is_hidden_or_no_image_is_ignored(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/1.png", "dog/.thumbs/1.png", "dog/.1.png", ".ipynb_checkpoints/1.png", "dog/.1.gif"):
        save(tmp_path / name, Image.new("L", (8, 8)))
    for name in ("Thumbs.db", "notes.txt", ".png"):
        (tmp_path / "cat" / name).write_text("no image")
    raw = load_raw(folder_source(), tmp_path)
    assert raw.classes == ("cat", "dog")
    assert raw.labels.tolist() == [0, 1]


def test_the_order_of_images_is_that_of_torchvision(tmp_path: Path) -> None:
    from torchvision.datasets import ImageFolder

    names = ["b/10.png", "b/2.PNG", "b/a/3.png", "b/a b/1.png", "b/a-b/1.png", "B/z.jpg", "B/Z.jpg", "a b/1.png"]
    for level, name in enumerate(names):
        save(tmp_path / name, Image.new("L", (8, 8), 20 * level))
    raw, folder = load_raw(folder_source("grey"), tmp_path), ImageFolder(tmp_path)
    assert list(raw.classes) == folder.classes
    assert raw.labels.tolist() == folder.targets
    expected = [20 * names.index(Path(path).relative_to(tmp_path).as_posix()) for path, _ in folder.samples]
    assert raw.images[:, 0, 4, 4].tolist() == expected


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_text("not an image")
    with pytest.raises(DataError, match=r"cat/1\.png: expected an image"):
        load_raw(folder_source(), tmp_path)


def test_sixteen_bits_are_refused_rather_than_clipped(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "1.png", Image.fromarray(np.full((8, 8), 4000, dtype=np.uint16)))
    with pytest.raises(DataError, match=r"cat/1\.png: expected 8 bits a channel, found Pillow mode I;16"):
        load_raw(folder_source(), tmp_path)


def rgb_png_of_16_bits(side: int) -> bytes:
    """Write a black image, which Pillow can read but not write."""
    header = struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0)  # bits a channel, RGB
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(bytes(side * (1 + 6 * side))), b"IEND": b""}
    packed = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_sixteen_bits_a_colour_are_refused_though_pillow_gives_eight(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(rgb_png_of_16_bits(8))
    with pytest.raises(DataError, match=r"cat/1\.png: expected 8 bits a channel, found Pillow mode RGB, .*;16"):
        load_raw(folder_source(), tmp_path)


def test_an_image_of_absurd_size_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "cat" / "1.png", Image.new("L", (64, 64)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"cat/1\.png: expected an image, .* \(Image size \(4096 pixels\)"):
        load_raw(folder_source(), tmp_path)


def write_pets(folder: Path, groups: str) -> None:
    """Write a cat and two dogs, and who they belong to."""
    for name in ("cat/1.png", "dog/1.png", "dog/2.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), 9).save(folder / name)
    (folder / "owners.csv").write_text(groups)


def test_groups_are_read_by_file_name_whatever_the_order(tmp_path: Path) -> None:
    write_pets(tmp_path, "group,file\nsouth,dog/2.png\n NA ,cat/1.png\nsouth,dog/1.png\n")
    raw = load_raw(folder_source(groups="owners.csv"), tmp_path)
    assert raw.groups is not None
    assert raw.groups.tolist() == ["NA", "south", "south"]
    chosen = raw.select(np.asarray([2, 0])).groups
    assert chosen is not None
    assert chosen.tolist() == ["south", "NA"]
    assert load_raw(folder_source(), tmp_path).groups is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,group\ncat/1.png,a\ndog/1.png,\n", "no group is given for dog/1.png, dog/2.png"),
        ("file,group\ncat/1.png,a\ndog/1.png,a\ndog/2.png,b\ndog/3.png,b\n", "no image there is called dog/3.png"),
        ("file,group\ncat/1.png,a\ndog/1.png,a\ndog/2.png,b\ncat/1.png,b\n", "more than one row names cat/1.png"),
        ("file,owner\ncat/1.png,a\n", "the columns file and group"),
        ("", "the columns file and group"),
    ],
)
def test_groups_that_do_not_fit_the_images_are_told(tmp_path: Path, table: str, message: str) -> None:
    write_pets(tmp_path, table)
    with pytest.raises(DataError, match=rf"owners\.csv: expected .*{message}"):
        load_raw(folder_source(groups="owners.csv"), tmp_path)


def test_a_file_of_groups_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_pets(tmp_path, "")
    with pytest.raises(DataError, match=r"nobody\.csv: expected a CSV file"):
        load_raw(folder_source(groups="nobody.csv"), tmp_path)


def test_groups_lie_in_the_raw_folder() -> None:
    with pytest.raises(ValidationError, match="groups"):
        folder_source(groups="../other/owners.csv")
