"""Images of more than 8 bits, of medicine and of telephones, and of other proportions than wanted."""

import builtins
import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from augment.core.errors import DataError, SettingsError
from augment.core.settings_block import parse
from augment.datasets.decoding import Look, decode
from augment.datasets.levels import Levels, to_eight_bits
from augment.datasets.sources.image_folder import ImageFolderSource

RAMP = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
FULL, WINDOW = Levels("full"), Levels("window", 10_000, 30_000)


def png(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def grey(file: Any, levels: Levels | None) -> list[list[int]]:
    found: list[list[int]] = decode(file, Look(8, 8, "grey", levels=levels)).pixels[0].tolist()
    return found


def test_levels_are_spread_as_asked() -> None:
    values = np.array([[0, 10_000, 20_000, 30_000, 65_535]], dtype=np.uint16)
    assert to_eight_bits(values, FULL, 65536).tolist() == [[0, 39, 78, 117, 255]]
    assert to_eight_bits(values, WINDOW, 65536).tolist() == [[0, 0, 128, 255, 255]]
    hot = np.concatenate([np.arange(1000), [60_000]])  # one hot pixel does not make the rest black
    assert to_eight_bits(hot, Levels("percentile"), None)[500] in (127, 128)
    assert to_eight_bits(np.full((2, 2), 7), Levels("percentile"), None).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(DataError, match="found some that are not finite"):
        to_eight_bits(np.array([[bad]]), WINDOW, None)


def test_a_deep_png_is_read_by_its_window() -> None:
    expected = np.rint(np.clip((RAMP.astype(float) - 10_000) / 20_000, 0, 1) * 255).astype(int).tolist()
    assert grey(png(RAMP), WINDOW) == expected
    assert grey(png(RAMP), FULL) == np.rint(RAMP / 65535 * 255).astype(int).tolist()
    decoded = decode(png(RAMP), Look(8, 8, "grey", levels=FULL))
    assert decoded.deep
    assert not decode(png(RAMP.astype(np.uint8)), Look(8, 8, "grey", levels=FULL)).deep


def test_fractions_have_no_full_range(tmp_path: Path) -> None:
    Image.fromarray(RAMP.astype(np.float32) - 30_000).save(tmp_path / "a.tif")
    assert grey(tmp_path / "a.tif", Levels("window", -20_000, 0)) == grey(png(RAMP), WINDOW)
    with pytest.raises(DataError, match="depth: full needs unsigned whole numbers"):
        grey(tmp_path / "a.tif", FULL)


def test_without_a_depth_the_message_says_how_to_give_one() -> None:
    with pytest.raises(DataError, match=r"found 16 bits: .*`depth` in the source's block, percentile, full or window"):
        grey(png(RAMP), None)


def dicom(pixels: Any, **tags: Any) -> bytes:
    """Write a secondary capture of 12 bits stored in 16."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, UID("1.2.3")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    given = {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16, "BitsStored": 12}
    given |= {"HighBit": 11, "PixelRepresentation": 0, "Rows": pixels.shape[0], "Columns": pixels.shape[1]}
    for name, value in (given | tags).items():
        setattr(found, name, value)
    found.PixelData = pixels.tobytes()
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, found, enforce_file_format=True)
    return buffer.getvalue()


SCAN = (np.arange(64, dtype=np.uint16) * 65).reshape(8, 8)


def test_a_scan_is_read_in_its_own_units() -> None:
    ct = dicom(SCAN, RescaleSlope=1, RescaleIntercept=-1024)
    hounsfield = SCAN.astype(float) - 1024
    expected = np.rint(np.clip((hounsfield + 160) / 400, 0, 1) * 255).astype(int).tolist()
    assert grey(ct, Levels("window", -160, 240)) == expected


def test_a_scan_whose_white_is_low_is_turned_and_its_full_range_is_what_it_stores() -> None:
    bright = grey(dicom(SCAN), FULL)
    assert bright == np.rint(SCAN / 4095 * 255).astype(int).tolist()
    dark = grey(dicom(SCAN, PhotometricInterpretation="MONOCHROME1"), FULL)
    assert (np.asarray(bright) + np.asarray(dark) == 255).all()
    with pytest.raises(DataError, match=r"expected 8 bits a channel, found 12 bits: "):
        grey(dicom(SCAN), None)


def test_several_pictures_in_a_scan_are_refused() -> None:
    with pytest.raises(DataError, match="expected one picture, found 2 frames"):
        grey(dicom(np.concatenate([SCAN, SCAN]), Rows=8, NumberOfFrames=2), FULL)


def test_a_broken_scan_is_a_sentence() -> None:
    with pytest.raises(DataError, match="expected an image, cannot decode it"):
        grey(dicom(SCAN)[:-70], FULL)


def test_a_telephones_picture_is_read(tmp_path: Path) -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    for name in ("a.heic", "a.avif"):
        Image.new("RGB", (16, 16), (200, 30, 30)).save(tmp_path / name, quality=95)
        pixels = decode(tmp_path / name, Look(8, 8, "rgb")).pixels
        assert np.abs(pixels[:, 4, 4].astype(int) - [200, 30, 30]).max() <= 6


@pytest.mark.parametrize(
    ("data", "package", "extra"),
    [(b"\0\0\0\x18ftypheic", "pillow_heif", "heic"), (bytes(128) + b"DICM", "pydicom", "dicom")],
)
def test_what_takes_a_package_more_names_it(
    data: bytes, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return there(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=rf"a package more: pip install .* \(the extra `{extra}`\)"):
        grey(data, None)


WIDE = np.zeros((4, 8), dtype=np.uint8)
WIDE[:, :2] = 255


@pytest.mark.parametrize(
    ("fit", "row"),
    [("crop", [0] * 4), ("stretch", [255, 0, 0, 0]), ("pad", [255, 0, 0, 0])],
)
def test_another_shape_is_fitted_as_asked(fit: Any, row: list[int]) -> None:
    decoded = decode(png(WIDE), Look(4, 4, "grey", fit))
    assert decoded.fitted
    assert decoded.pixels[0, 1].tolist() == pytest.approx(row, abs=64)
    assert (decoded.pixels[0, 0] == 0).all() == (fit in ("crop", "pad"))
    assert not decode(png(WIDE), Look(2, 4, "grey", fit)).fitted


def test_height_and_width_may_differ(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(png(np.zeros((30, 30), np.uint8)))
    block = {"kind": "image_folder", "image_size": [8, 16], "mode": "rgb", "fit": "stretch"}
    source = parse(ImageFolderSource, block, "params.yaml")
    raw = source.load(tmp_path)
    assert raw.images.shape == (2, 3, 8, 16)
    assert raw.account.notes == ("2 of 2 images have other proportions than 8×16: they are distorted",)
    assert source.model_dump() == block | {"groups": None}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"depth": "window"}, "expected window, two levels, with depth: window, and only with it"),
        ({"window": [1, 2]}, "expected window, two levels, with depth: window, and only with it"),
        ({"depth": "window", "window": [2, 1]}, r"window: expected the lower level first, found \[2.0, 1.0\]"),
    ],
)
def test_a_window_has_two_levels_in_order(block: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse(ImageFolderSource, {"kind": "image_folder", "image_size": 8, "mode": "grey"} | block, "params.yaml")
