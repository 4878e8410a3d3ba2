"""One image file made pixels, or a sentence why not. Facts come from the file's content, never from its name."""

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from augment.core.errors import DataError
from augment.core.images import UInt8Array
from augment.core.text import first_line

FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow's decoders that may run; others, such as that of EPS, start programs."""
HEAD = 512
OTHERS = {
    r"GIF8": "GIF",
    r".{4}ftyp(heic|heix|hevc|mif1|msf1|avif)": "HEIC or AVIF",
    r".{128}DICM": "DICOM",
    r"\x93NUMPY": "NumPy",
    r"PK\x03\x04": "zip",
    r"%PDF": "PDF",
    r"%!PS": "PostScript",
    r"\s*(<\?xml|<svg|<!DOCTYPE|<html)": "text",
    r"version https://git-lfs": "a pointer of Git LFS (git lfs pull fetches the image)",
    r"$": "an empty file",
}
"""What else is often called ``.jpg`` or ``.png``."""

UNSIGNED = 1
BITS_PER_SAMPLE, SAMPLE_FORMAT = 258, 339  # tags of TIFF 6.0


class Decoded(NamedTuple):
    """An image, and what was done to it.

    Attributes:
        pixels: uint8, C×side×side.
        cropped: Whether it was not square.
        enlarged: Whether it was smaller.
        pictures: Whether the file holds further pictures: previews or depth that a camera added.
        profiled: Whether its colours are ink, converted without a profile.
    """

    pixels: UInt8Array
    cropped: bool
    enlarged: bool
    pictures: bool
    profiled: bool


def decode(path: Path, side: int, mode: str) -> Decoded:
    """Read one image file; the policy is stated in ``augment.datasets.sources.image_folder``.

    Args:
        path: A regular file.
        side: Height and width of the result, in pixels.
        mode: ``grey`` or ``rgb``.

    Raises:
        DataError: Why the file cannot be used; the message does not name it.
    """
    try:
        with path.open("rb") as opened:
            head = opened.read(HEAD)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; they name no file
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _decode(path, head, side, mode)
    except DataError:
        raise
    except Exception as error:
        # Decoders raise what they like on a broken file: ValueError, SyntaxError, struct.error, KeyError …
        raise DataError(f"expected an image, {_found(head, error)}") from error


def _decode(path: Path, head: bytes, side: int, mode: str) -> Decoded:
    with Image.open(path, formats=FORMATS) as file:
        _require_one_frame(file)
        _require_eight_bits(file, head)
        image: Image.Image = ImageOps.exif_transpose(file)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        profiled = image.mode in ("CMYK", "LAB", "YCbCr", "HSV")
        image = image.convert("L" if mode == "grey" else "RGB")
        square = ImageOps.fit(image, (side, side), method=Image.Resampling.BILINEAR)
        width, height = image.size
        pictures = file.format == "MPO"
    pixels = np.asarray(square, dtype=np.uint8)
    pixels = pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return Decoded(pixels, width != height, min(width, height) < side, pictures, profiled)


def _require_one_frame(file: Image.Image) -> None:
    # A camera's JPEG with a preview or a depth map beside the photograph is one photograph.
    frames = 1 if file.format == "MPO" else getattr(file, "n_frames", 1)
    if frames > 1:
        raise DataError(f"expected one picture, found {frames} frames: keep the one that is meant, a file each")


def _require_eight_bits(file: Image.Image, head: bytes) -> None:
    """Refuse what would have to be cut: Pillow gives 16-bit colour as 8-bit colour, and says nothing."""
    bits, unsigned = _depth(file, head)
    raw_modes = [str(tile[-1]) for tile in getattr(file, "tile", ())]
    wide = file.mode.startswith(("I", "F")) or any(";16" in mode or ";32" in mode for mode in raw_modes)
    if bits > 8 or not unsigned or wide:
        found = f"{bits} bits" if bits > 8 else f"{'' if unsigned else 'signed or '}fractional numbers or more bits"
        raise DataError(
            f"expected 8 bits a channel, found {found}: say which of its levels are meant by converting it first"
        )


def _depth(file: Image.Image, head: bytes) -> tuple[int, bool]:
    """Give bits a channel, and whether they are unsigned whole numbers."""
    if file.format == "PNG" and head[12:16] == b"IHDR":
        return head[24], True
    if file.format == "TIFF":
        tags: Any = getattr(file, "tag_v2", {})
        signs = tags.get(SAMPLE_FORMAT, (UNSIGNED,))
        return max(tags.get(BITS_PER_SAMPLE, (1,))), set(signs) == {UNSIGNED}
    if file.format == "PPM" and head[:2] in (b"P2", b"P3", b"P5", b"P6"):
        numbers = re.sub(rb"#[^\r\n]*", b"", head[2:]).split()
        return int(numbers[2]).bit_length() if len(numbers) > 2 and numbers[2].isdigit() else 8, True
    return 8, True


def _found(head: bytes, error: Exception) -> str:
    """Say what a file is instead of an image."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"found more pixels than any photograph ({first_line(error)}): make it smaller"
    for pattern, kind in OTHERS.items():
        if re.match(pattern.encode("latin-1") if pattern != "$" else rb"\Z", head, flags=re.DOTALL):
            return f"found {kind}, whatever its name says"
    if isinstance(error, UnidentifiedImageError):
        return f"found none that a decoder knows (of {', '.join(FORMATS)})"
    return f"cannot decode it ({first_line(error)})"
