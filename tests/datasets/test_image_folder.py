"""Folders of images a class: what is read, how it is made alike, and what is refused."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augment.core.errors import DataError, SettingsError
from augment.core.settings_block import parse
from augment.datasets.files import SUFFIXES
from augment.datasets.raw import RawImages
from augment.datasets.sources.image_folder import ImageFolderSource


def folder_source(mode: str = "rgb", size: int = 8, groups: str | None = None) -> ImageFolderSource:
    block = {"kind": "image_folder", "image_size": size, "mode": mode, "groups": groups}
    return ImageFolderSource.model_validate(block)


def load_raw(source: ImageFolderSource, raw: Path) -> RawImages:
    return source.load(raw)


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


PACKAGES = (".avif", ".dcm", ".heic", ".heif", ".hif")
"""Of kinds that take a package more: see test_levels."""


def test_every_kind_of_image_that_the_documentation_lists_is_read(tmp_path: Path) -> None:
    documented = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
    assert [suffix for suffix in SUFFIXES if f"`{suffix}`" not in documented] == []
    suffixes = [suffix for suffix in SUFFIXES if suffix not in PACKAGES]
    levels = [15 * number for number in range(len(suffixes))]
    for number, suffix in enumerate(suffixes):
        save(tmp_path / "cat" / f"{number:02}{suffix}", Image.new("L", (8, 8), levels[number]))
        save(tmp_path / "dog" / f"{number:02}{suffix.upper()}", Image.new("L", (8, 8), levels[number]))
    raw = load_raw(folder_source("grey"), tmp_path)
    assert raw.labels.tolist() == [0] * len(suffixes) + [1] * len(suffixes)
    assert raw.images[:, 0, 4, 4].tolist() == levels * 2


def test_images_of_a_kind_that_is_not_read_are_refused_with_an_example(tmp_path: Path) -> None:
    for number in range(8):
        save(tmp_path / "cat" / f"{number}.png", Image.new("L", (8, 8)))
    for number in range(6):
        save(tmp_path / "dog" / f"{number}.GIF", Image.new("L", (8, 8)))
    with pytest.raises(DataError) as error:
        load_raw(folder_source(), tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: cannot be read as it is:\n  files of a kind that is not read (expected .bmp, .jpeg, .jpg, "
        ".pgm, .png, .ppm, .tif, .tiff, .webp, .jfif, .jpe, .pbm, .pnm, .avif, .dcm, .heic, .heif, .hif): convert "
        "them, take them out, or hide them (a dot before the name)\n"
        "    6 found: dog/0.GIF, dog/1.GIF, dog/2.GIF, dog/3.GIF, dog/4.GIF, dog/5.GIF\n"
        "    .gif: `mogrify -format png '*.gif[0]'` (ImageMagick) writes the first frame of each as PNG"
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
    save(tmp_path / "dog" / "1.png", Image.new("L", (8, 8)))
    with pytest.raises(DataError, match=r"cat/1\.png: expected an image"):
        load_raw(folder_source(), tmp_path)


def test_sixteen_bits_are_refused_rather_than_clipped(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "1.png", Image.fromarray(np.full((8, 8), 4000, dtype=np.uint16)))
    save(tmp_path / "dog" / "1.png", Image.new("L", (8, 8)))
    with pytest.raises(DataError, match=r"cat/1\.png: expected 8 bits a channel, found 16 bits: "):
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
    save(tmp_path / "dog" / "1.png", Image.new("L", (8, 8)))
    with pytest.raises(DataError, match=r"cat/1\.png: expected 8 bits a channel, found 16 bits: "):
        load_raw(folder_source(), tmp_path)


def test_an_image_of_absurd_size_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "cat" / "1.png", Image.new("L", (64, 64)))
    save(tmp_path / "dog" / "1.png", Image.new("L", (8, 8)))
    for limit in (100, 3000):  # Pillow only warns below twice its limit
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match=r"cat/1\.png: expected an image, found more pixels .* \(4096 pixels\)"):
            load_raw(folder_source(), tmp_path)


def test_a_file_that_is_not_there_is_a_folder_without_classes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: expected one folder of images a class"):
        load_raw(folder_source(), tmp_path / "nowhere")


def test_every_bad_image_is_named_ten_and_a_count(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "ok.png", Image.new("L", (8, 8)))
    (tmp_path / "dog").mkdir()
    for number in range(13):
        (tmp_path / "dog" / f"{number:02}.png").write_bytes(b"")
    with pytest.raises(DataError) as error:
        load_raw(folder_source(), tmp_path)
    lines = str(error.value).splitlines()
    assert lines[0] == f"{tmp_path}: 13 of 14 image files cannot be used:"
    assert lines[1] == f"  {tmp_path}/dog/00.png: expected an image, found an empty file, whatever its name says"
    assert len(lines) == 12
    assert lines[-1] == "  and 3 more"


def test_what_was_done_to_images_is_told(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "wide.png", Image.new("L", (20, 10)))
    save(tmp_path / "cat" / "small.png", Image.new("L", (4, 4)))
    save(tmp_path / "dog" / "ink.jpg", Image.new("CMYK", (9, 9)))
    save(tmp_path / "dog" / "notes.txt.png", Image.new("L", (8, 8)))
    (tmp_path / "dog" / "notes.txt").write_text("Rex")
    raw = load_raw(folder_source(), tmp_path)
    assert raw.account.left_out == {"text": ("dog/notes.txt",)}
    assert raw.account.notes == (
        "1 of 4 images are not square: what lies outside the square in the middle is cut off",
        "1 of 4 images are smaller than image_size (8), and enlarged",
        "1 of 4 images are in CMYK or the like, and converted without a colour profile",
    )
    assert raw.name(0) == "cat/small.png"


def test_the_old_name_of_image_size_says_the_new_one() -> None:
    with pytest.raises(SettingsError, match=r"\(top level\): size is called image_size now"):
        parse(ImageFolderSource, {"kind": "image_folder", "size": 8, "mode": "rgb"}, "params.yaml")
