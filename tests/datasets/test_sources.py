import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from augment.core.errors import DataError
from augment.datasets.raw import RawImages, Source
from augment.datasets.sources.sklearn_digits import SklearnDigitsSource
from augment.datasets.sources.torchvision import IDX_FILES, TorchvisionSource

FASHION = TorchvisionSource(kind="torchvision", name="FashionMNIST")


def load_raw(source: Source, raw: Path) -> RawImages:
    return source.load(raw)


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


def test_a_file_of_no_image_is_told(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=False)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, 0, 28, 28))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, 0))
    with pytest.raises(DataError, match="a file is not the whole idx file that FashionMNIST needs"):
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


def test_a_file_that_unpacks_to_more_than_any_of_the_family_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("augment.datasets.sources.torchvision.LARGEST_FILE", 1 << 20)
    write_idx_files(tmp_path, packed=True)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(3 << 20)))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: expected at most 1 MiB unpacked, found more"):
        load_raw(FASHION, tmp_path)


def test_links_are_refused_as_dvc_does_not_follow_them(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").rename(tmp_path / "elsewhere")
    (tmp_path / "t10k-labels-idx1-ubyte").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"expected files, found links: t10k-labels-idx1-ubyte\. Put the files"):
        load_raw(FASHION, tmp_path)


def test_images_and_labels_of_another_dataset_are_told(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=False)
    sound = (tmp_path / "t10k-images-idx3-ubyte").read_bytes()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, 2, 14, 14) + bytes(2 * 14 * 14))
    with pytest.raises(DataError, match=r"expected images of 28×28 pixels .* found images of shape \(2, 14, 14\)"):
        load_raw(FASHION, tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(sound)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, 2) + bytes([3, 12]))
    with pytest.raises(DataError, match="expected labels 0 to 9, as FashionMNIST has them, found 3 to 12"):
        load_raw(FASHION, tmp_path)


def test_other_files_beside_them_are_accounted_for(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=False)
    (tmp_path / "notes.txt").write_text("mine")
    assert load_raw(FASHION, tmp_path).account.left_out == {"is none of the four idx files": ("notes.txt",)}


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
    with pytest.raises(
        DataError, match=r"raw: FashionMNIST was downloaded, but cannot be kept there \(.*(exists|Not a directory)"
    ):
        load_raw(FASHION, tmp_path / "raw")


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    write_idx_files(tmp_path, packed=False)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0" * 64)
    with pytest.raises(DataError, match="a file is not the whole idx file that FashionMNIST needs"):
        load_raw(FASHION, tmp_path)
