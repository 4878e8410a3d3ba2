"""One image file made pixels, or a sentence why not. Facts come from the file's content, never from its name."""

import io
import re
import warnings
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from augment.core.errors import DataError
from augment.core.images import UInt8Array
from augment.core.text import first_line
from augment.datasets.levels import Levels, to_eight_bits
from augment.datasets.told import Content

FORMATS = ("AVIF", "BMP", "HEIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow's decoders that may run; others, such as that of EPS, start programs. HEIF's is a package of its own."""
HEAD = 512
HEIC = re.compile(rb".{4}ftyp(heic|heix|hevc|heim|heis|mif1|msf1)", flags=re.DOTALL)
DICOM = re.compile(rb".{128}DICM", flags=re.DOTALL)
OTHERS = {
    r"GIF8": "GIF",
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


Fit = Literal["crop", "pad", "stretch"]


class Look(NamedTuple):
    """What every image is made to look like.

    Attributes:
        height: In pixels.
        width: In pixels.
        mode: ``grey`` or ``rgb``.
        fit: What becomes of an image of other proportions: what lies outside them in the middle is cut off (``crop``),
            black is laid around it (``pad``), or it is distorted (``stretch``).
        levels: How more than 8 bits a channel become 8; None refuses them.
        quick: Whether a JPEG file may be decoded at a fraction of its size, as is good enough to look at.
    """

    height: int
    width: int
    mode: Literal["grey", "rgb"]
    fit: Fit = "crop"
    levels: Levels | None = None
    quick: bool = False


class Facts(NamedTuple):
    """What an image is in its file.

    Attributes:
        height: In pixels.
        width: In pixels.
        mode: Pillow's word for its colours, or DICOM.
        bits: Of a channel.
    """

    height: int
    width: int
    mode: str
    bits: int


class Decoded(NamedTuple):
    """An image, and what was done to it.

    Attributes:
        pixels: uint8, C×H×W.
        facts: What it was.
        fitted: Whether its proportions were others, so that it was cropped, padded or stretched.
        enlarged: Whether it was smaller.
        pictures: Whether the file holds further pictures: previews or depth that a camera added.
        profiled: Whether its colours are ink, converted without a profile.
        deep: Whether it had more than 8 bits a channel, or numbers that are no levels of 8 bits.
    """

    pixels: UInt8Array
    facts: Facts
    fitted: bool
    enlarged: bool
    pictures: bool = False
    profiled: bool = False
    deep: bool = False


def decode(file: Content, look: Look) -> Decoded:
    """Read one image file; the policy is stated in ``augment.datasets.pictures``.

    Args:
        file: A regular file, what stands in it, or an image's numbers.
        look: What it is made to look like.

    Raises:
        DataError: Why the file cannot be used; the message does not name it.
    """
    if isinstance(file, np.ndarray):
        return _of_numbers(file, look)
    try:
        data = file if isinstance(file, bytes) else file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})") from error
    head = data[:HEAD]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; they name no file
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _of_dicom(data, look) if DICOM.match(head) else _decode(data, look)
    except DataError:
        raise
    except Exception as error:
        # Decoders raise what they like on a broken file: ValueError, SyntaxError, struct.error, KeyError …
        raise DataError(f"expected an image, {_found(head, error)}") from error


def fitted(image: Image.Image, look: Look, facts: Facts, **done: bool) -> Decoded:
    """Give an image the mode and size wanted; ``done`` is what was done to it before."""
    image = image.convert("L" if look.mode == "grey" else "RGB")
    width, height = image.size
    size = (look.width, look.height)
    if image.size == size:
        made = image
    elif look.fit == "crop":
        made = ImageOps.fit(image, size, method=Image.Resampling.BILINEAR)
    elif look.fit == "pad":
        made = ImageOps.pad(image, size, method=Image.Resampling.BILINEAR, color=0)
    else:
        made = image.resize(size, Image.Resampling.BILINEAR)
    pixels = np.asarray(made, dtype=np.uint8)
    pixels = pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
    smaller = width < look.width or height < look.height
    return Decoded(pixels, facts, width * look.height != height * look.width, smaller, **done)


def _decode(data: bytes, look: Look) -> Decoded:
    if HEIC.match(data[:HEAD]):
        _learn_heic()
    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]
    with Image.open(io.BytesIO(data), formats=known) as file:
        _require_one_frame(file)
        facts = Facts(file.height, file.width, file.mode, bits_of(file, data[:HEAD]))
        if look.quick:
            file.draft(None, (look.width, look.height))
        deep = _deeper_than_eight_bits(file, data[:HEAD])
        if deep:
            levels = _require_levels(deep, look)
            if file.mode not in ("I", "F") and not file.mode.startswith("I;16"):
                # Pillow gives 16-bit colour as 8-bit colour: its upper half, which is no level that was asked for.
                raise DataError(f"expected grey where there are more than 8 bits a channel, found colour of {deep}")
            unsigned = 2**16 if file.mode.startswith("I;16") or file.format in ("PNG", "PPM") else None
            turned = ImageOps.exif_transpose(file)
            eight = to_eight_bits(np.asarray(turned), levels, unsigned)
            return fitted(Image.fromarray(eight), look, facts, deep=True)
        image: Image.Image = ImageOps.exif_transpose(file)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        profiled = image.mode in ("CMYK", "LAB", "YCbCr", "HSV")
        return fitted(image, look, facts, pictures=file.format == "MPO", profiled=profiled)


def _of_numbers(values: npt.NDArray[np.generic], look: Look) -> Decoded:
    mode = "RGB" if values.ndim == 3 else "L"
    facts = Facts(values.shape[0], values.shape[1], mode, 8 * values.dtype.itemsize)
    if values.dtype == np.bool_:  # as of a file with one bit a channel
        values, facts = np.where(values, 255, 0).astype(np.uint8), facts._replace(bits=1)
    if values.dtype == np.uint8:
        return fitted(Image.fromarray(values), look, facts)
    whole = 2 ** (8 * values.dtype.itemsize) if values.dtype.kind == "u" else None
    kind = f"numbers of kind {values.dtype}"
    if values.dtype.kind == "f" and look.levels is None and values.min() >= 0 and values.max() <= 1:
        kind += " from 0 to 1 (`depth: window` with `window: [0, 1]` takes them as such)"
    levels = _require_levels(kind, look)
    return fitted(Image.fromarray(to_eight_bits(values, levels, whole)), look, facts, deep=True)


def _learn_heic() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise DataError("found HEIC, which takes a package more: pip install pillow-heif (the extra `heic`)") from error
    register_heif_opener()


def _of_dicom(data: bytes, look: Look) -> Decoded:
    """Read DICOM in the units that it states (modality LUT: Hounsfield units of a CT), bright where it says white."""
    try:
        import pydicom
        from pydicom.pixels.processing import apply_modality_lut, convert_color_space
    except ImportError as error:
        raise DataError("found DICOM, which takes a package more: pip install pydicom (the extra `dicom`)") from error
    found = pydicom.dcmread(io.BytesIO(data))
    if int(found.get("NumberOfFrames") or 1) > 1:
        raise DataError(f"expected one picture, found {found.NumberOfFrames} frames: keep the one that is meant")
    pixels, kind = found.pixel_array, str(found.PhotometricInterpretation)
    facts = Facts(int(found.Rows), int(found.Columns), "DICOM", int(found.BitsStored))
    if pixels.ndim == 3:
        colours = pixels if kind == "RGB" else convert_color_space(pixels, kind, "RGB")
        return fitted(Image.fromarray(np.asarray(colours, dtype=np.uint8)), look, facts)
    bits, values = int(found.BitsStored), np.asarray(apply_modality_lut(pixels, found))
    deep = bits > 8 or values.dtype != np.uint8
    if deep:
        whole = 2**bits if values.dtype.kind == "u" else None
        values = to_eight_bits(values, _require_levels(f"{bits} bits", look), whole)
    return fitted(Image.fromarray(255 - values if kind == "MONOCHROME1" else values), look, facts, deep=deep)


def _require_levels(found: str, look: Look) -> Levels:
    if look.levels is None:
        raise DataError(
            f"expected 8 bits a channel, found {found}: say which of its levels are meant: `depth` in the source's "
            "block, percentile, full or window"
        )
    return look.levels


def _require_one_frame(file: Image.Image) -> None:
    # A camera's JPEG with a preview or a depth map beside the photograph is one photograph.
    frames = 1 if file.format == "MPO" else getattr(file, "n_frames", 1)
    if frames > 1:
        raise DataError(f"expected one picture, found {frames} frames: keep the one that is meant, a file each")


def _deeper_than_eight_bits(file: Image.Image, head: bytes) -> str:
    """Say what an image has that 8 bits do not hold; empty where it has nothing of the kind."""
    bits, unsigned = _depth(file, head)
    raw_modes = [str(tile[-1]) for tile in getattr(file, "tile", ())]
    wide = file.mode.startswith(("I", "F")) or any(";16" in mode or ";32" in mode for mode in raw_modes)
    if bits > 8 or not unsigned or wide:
        return f"{bits} bits" if bits > 8 else f"{'' if unsigned else 'signed or '}fractional numbers or more bits"
    return ""


def bits_of(file: Image.Image, head: bytes) -> int:
    """Give bits a channel of an opened image, by the first bytes of its file, too."""
    deep = file.mode.startswith(("I", "F"))
    return max(_depth(file, head)[0], 16 if deep else 1)


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
