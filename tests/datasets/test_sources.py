import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from augment.core.errors import DataError
from augment.datasets.sources import IDX_FILES, SUFFIXES, load_raw
from augment.datasets.specs import ImageFolderSource, SklearnDigitsSource, TorchvisionSource

FASHION = TorchvisionSource(kind="torchvision", name="FashionMNIST")


def folder_source(mode: str = "rgb", size: int = 8, groups: str | None = None) -> ImageFolderSource:
    return ImageFolderSource.model_validate({"kind": "image_folder", "size": size, "mode": mode, "groups": groups})


def write_idx_files(folder: Path, *, packed: bool) -> None:
    """Write a tiny dataset of the MNIST family: 4 train and 2 test images, each filled with its own number."""
    for split, count in (("train", 4), ("t10k", 2)):
        images = np.repeat(np.arange(count, dtype=np.uint8), 28 * 28)
        data = {
            f"{split}-images-idx3-ubyte": struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes(),
            f"{split}-labels-idx1-ubyte": struct.pack(">II", 2049, count) + np.arange(count, dtype=np.uint8).tobytes(),
        }
        for name, content in data.items():
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)


def test_the_digits_come_whole_and_use_the_full_range(tmp_path: Path) -> None:
    raw = load_raw(SklearnDigitsSource(kind="sklearn_digits"), tmp_path)
    assert raw.images.shape == (1797, 1, 8, 8)
    assert raw.images.dtype == np.uint8
    assert (raw.images.min(), raw.images.max()) == (0, 255)
    assert raw.classes == tuple("0123456789")
    assert raw.is_test is None


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_are_read_and_the_official_test_images_known(tmp_path: Path, packed: bool) -> None:
    write_idx_files(tmp_path, packed=packed)
    before = sorted(path.name for path in tmp_path.iterdir())
    raw = load_raw(FASHION, tmp_path)
    assert raw.images.shape == (6, 1, 28, 28)
    assert raw.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 0, 1]
    assert raw.labels.tolist() == [0, 1, 2, 3, 0, 1]
    assert raw.is_test is not None
    assert raw.is_test.tolist() == [False] * 4 + [True] * 2
    assert raw.classes[0] == "T-shirt/top"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_without_files_and_network_the_folder_to_fill_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision.datasets

    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError) as error:
        load_raw(FASHION, tmp_path)
    message = str(error.value)
    assert f"{tmp_path}: FashionMNIST cannot be downloaded" in message
    assert all(f"{name}.gz" in message for name in IDX_FILES)


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=True)
    file = tmp_path / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: expected a whole gzip file"):
        load_raw(FASHION, tmp_path)


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=True)
    file = tmp_path / "t10k-labels-idx1-ubyte.gz"
    file.write_bytes(file.read_bytes()[:10] + b"\xff" * 20)
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz: expected a whole gzip file"):
        load_raw(FASHION, tmp_path)


def test_files_of_unequal_length_are_told(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, 3) + bytes(3))
    with pytest.raises(DataError, match="FashionMNIST has 4 images, but 3 labels of them"):
        load_raw(FASHION, tmp_path)


@pytest.mark.parametrize("file", IDX_FILES)
@pytest.mark.parametrize("kept", [-1, 20, 3, 0])
def test_a_truncated_unpacked_file_is_told_as_such_where_all_are_there(tmp_path: Path, file: str, kept: int) -> None:
    write_idx_files(tmp_path, packed=False)
    whole = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(whole[: min(kept, len(whole) - 1)])
    with pytest.raises(DataError) as error:
        load_raw(FASHION, tmp_path)
    assert str(error.value).startswith(f"{tmp_path}: a file is not the whole idx file that FashionMNIST needs (")


@pytest.mark.parametrize("kind", [10, 13])  # of no numbers; of floats
def test_a_file_of_other_numbers_is_refused(tmp_path: Path, kind: int) -> None:
    write_idx_files(tmp_path, packed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">II", 256 * kind + 1, 2) + bytes(8))
    with pytest.raises(DataError, match="a file is not the whole idx file that FashionMNIST needs"):
        load_raw(FASHION, tmp_path)


def pretend_to_download(monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision.datasets

    def download(dataset: torchvision.datasets.FashionMNIST) -> None:
        for packed in (True, False):
            write_idx_files(Path(dataset.raw_folder), packed=packed)

    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "download", download)


def test_what_is_downloaded_is_kept_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_to_download(monkeypatch)
    assert len(load_raw(FASHION, tmp_path / "new").labels) == 6
    assert {path.name for path in (tmp_path / "new").iterdir()} == {f"{name}.gz" for name in IDX_FILES}
    monkeypatch.undo()
    assert len(load_raw(FASHION, tmp_path / "new").labels) == 6


def test_a_folder_that_takes_no_download_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_to_download(monkeypatch)
    (tmp_path / "raw").write_text("a file in the folder's place")
    with pytest.raises(DataError, match=r"raw: FashionMNIST was downloaded, but cannot be kept there \(.*exists"):
        load_raw(FASHION, tmp_path / "raw")


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=False)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0" * 64)
    with pytest.raises(DataError, match="a file is not the whole idx file that FashionMNIST needs"):
        load_raw(FASHION, tmp_path)


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
