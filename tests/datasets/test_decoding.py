"""What is taken from a file's content, whatever its name says."""

import contextlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from augment.core.errors import DataError
from augment.datasets.decoding import Look, decode


def written(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as error:
        decode(path, Look(8, 8, "rgb"))
    return str(error.value)


FRAMES = [Image.new("RGB", (24, 24), colour) for colour in ("red", "lime", "blue")]


@pytest.mark.parametrize(
    ("name", "options"),
    [("stack.tif", {}), ("moving.png", {}), ("moving.webp", {}), ("stack.jpg", {"format": "tiff"})],
)
def test_several_frames_are_refused_by_content(tmp_path: Path, name: str, options: dict[str, str]) -> None:
    file = written(tmp_path / name, FRAMES[0], save_all=True, append_images=FRAMES[1:], **options)
    assert refusal(file) == "expected one picture, found 3 frames: keep the one that is meant, a file each"


def test_a_single_frame_of_a_kind_that_could_have_more_is_read(tmp_path: Path) -> None:
    assert decode(written(tmp_path / "a.webp", FRAMES[0], lossless=True), Look(8, 8, "rgb")).pixels[
        :, 0, 0
    ].tolist() == [
        255,
        0,
        0,
    ]


def test_an_image_of_a_kind_that_is_not_read_is_refused_under_any_name(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jpg", FRAMES[0], format="gif")
    assert refusal(file) == "expected an image, found GIF, whatever its name says"


def test_a_cameras_preview_beside_the_photograph_is_left_out_and_told(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jpg", FRAMES[0], format="MPO", save_all=True, append_images=FRAMES[1:])
    decoded = decode(file, Look(8, 8, "rgb"))
    assert decoded.pictures
    assert decoded.pixels[0].min() > 250


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"GIF89a", "GIF"),
        (b"\x93NUMPY\1\0", "NumPy"),
        (b"PK\3\4", "zip"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"<!DOCTYPE html>", "text"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS (git lfs pull fetches the image)"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_image_is_called_by_its_name(tmp_path: Path, head: bytes, kind: str) -> None:
    (tmp_path / "a.jpg").write_bytes(head)
    assert refusal(tmp_path / "a.jpg") == f"expected an image, found {kind}, whatever its name says"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(bits: int, colour: int, samples: int, *, side: int = 8, extra: bytes = b"") -> bytes:
    """Write a black image of any depth."""
    header = struct.pack(">IIBBBBB", side, side, bits, colour, 0, 0, 0)
    data = zlib.compress(bytes(side * (1 + side * samples * bits // 8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + extra + chunk(b"IEND", b"")


@pytest.mark.parametrize(("colour", "samples"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_are_refused_whatever_the_colours(tmp_path: Path, colour: int, samples: int) -> None:
    (tmp_path / "a.png").write_bytes(png(16, colour, samples))
    assert refusal(tmp_path / "a.png").startswith("expected 8 bits a channel, found 16 bits: ")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_fewer_bits_are_read(tmp_path: Path, bits: int) -> None:
    (tmp_path / "a.png").write_bytes(png(bits, 0, 1))
    assert (decode(tmp_path / "a.png", Look(8, 8, "rgb")).pixels == 0).all()


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8), dtype=bool)
    pixels[:, 4:] = True
    decoded = decode(written(tmp_path / "a.png", Image.fromarray(pixels)), Look(8, 8, "grey"))
    assert decoded.pixels[0, 0].tolist() == [0] * 4 + [255] * 4


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_tiffs_are_refused(tmp_path: Path, dtype: type) -> None:
    file = written(tmp_path / "a.tif", Image.fromarray(np.ones((8, 8), dtype=dtype)))
    assert refusal(file).startswith("expected 8 bits a channel, found ")


def tiff(sample_format: int) -> bytes:
    """Write a black grey TIFF of 8 bits, little-endian, with a sample format of choice."""
    tags = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: 64, 339: sample_format}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 72) + bytes(64) + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_signed_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(2))
    assert refusal(tmp_path / "a.tif").startswith("expected 8 bits a channel, found signed or fractional numbers")
    (tmp_path / "b.tif").write_bytes(tiff(1))
    assert (decode(tmp_path / "b.tif", Look(8, 8, "grey")).pixels == 0).all()


@pytest.mark.parametrize("kind", [b"P5", b"P6"])
def test_deep_pixmaps_are_refused_and_shallow_ones_scaled(tmp_path: Path, kind: bytes) -> None:
    samples = 1 if kind == b"P5" else 3
    (tmp_path / "a.ppm").write_bytes(kind + b"\n# 8 8 255\n8 8\n65535\n" + bytes(128 * samples))
    assert refusal(tmp_path / "a.ppm").startswith("expected 8 bits a channel, found 16 bits")
    (tmp_path / "b.ppm").write_bytes(kind + b"\n8 8\n15\n" + b"\x0f" * 64 * samples)
    assert (decode(tmp_path / "b.ppm", Look(8, 8, "grey")).pixels == 255).all()


def test_a_palette_with_transparency_is_laid_on_white(tmp_path: Path) -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.paste(1, (0, 0, 4, 8))
    decoded = decode(written(tmp_path / "a.png", image, transparency=0), Look(8, 8, "rgb"))
    assert decoded.pixels[:, 0, 0].tolist() == [0, 0, 200]
    assert decoded.pixels[:, 0, 7].tolist() == [255, 255, 255]


def test_too_much_text_in_a_picture_is_told(tmp_path: Path) -> None:
    text = chunk(b"zTXt", b"note\0\0" + zlib.compress(b"x" * (2 << 20)))
    (tmp_path / "a.png").write_bytes(png(8, 0, 1, extra=text))
    assert refusal(tmp_path / "a.png").startswith(
        "expected an image, cannot decode it (ValueError: Decompressed data too"
    )


def test_a_truncated_photograph_is_told(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    noise.save(buffer, "jpeg")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue()[:-500])
    assert refusal(tmp_path / "a.jpg").startswith(
        "expected an image, cannot decode it (OSError: image file is truncated"
    )


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.png") == "cannot be read (No such file or directory)"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["png", "jpeg", "gif", "tiff", "webp", "bmp", "ppm"]), st.data())
def test_a_damaged_file_is_an_image_or_a_sentence(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(buffer, kind)
    damaged = bytearray(buffer.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    (tmp_path / "a.png").write_bytes(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    with contextlib.suppress(DataError):  # and nothing else
        assert decode(tmp_path / "a.png", Look(8, 8, "rgb")).pixels.shape == (3, 8, 8)
