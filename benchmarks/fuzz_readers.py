"""Damaged files for every reader of what a user made: images, tables, idx files, containers, settings.

``python -m benchmarks.fuzz_readers --inputs 100000``: each input is a sound file with a few bytes changed, cut out,
doubled or put in the place of others. A reader may read it or say what is wrong with it (an `AugmentError`); anything
else - another error, more than `SECONDS` of CPU time, more than `MEBIBYTES` - is a finding, kept with its bytes
under ``--keep``.
"""

import argparse
import contextlib
import gzip
import io
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from augment.core.container import read_image_set, write_image_set
from augment.core.errors import AugmentError
from augment.core.images import make_image_set
from augment.core.settings_file import load_yaml
from augment.datasets.decoding import Look, decode
from augment.datasets.groups import read_groups
from augment.datasets.sources.torchvision import IDX_FILES, TorchvisionSource

SECONDS = 5.0
MEBIBYTES = 1024
"""Growth of the process over its size before the first input: the largest image that is read has 90 million pixels."""
PNG = b"\x89PNG\r\n\x1a\n"
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)


class Target(NamedTuple):
    """One reader.

    Attributes:
        seeds: Sound files.
        read: Reads a file from where it is put.
        place: Puts bytes where the reader finds them, below a folder, and gives what it is called with.
    """

    seeds: list[bytes]
    read: Callable[[Path], object]
    place: Callable[[Path, bytes], Path]


class TooSlowError(BaseException):
    """A reader took too long; no `Exception`, so that no reader catches it."""


def main(arguments: list[str]) -> int:
    """Fuzz; print a line a target, and every finding; return 1 where there is one."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--keep", type=Path, default=None)
    values = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        made = targets(Path(folder))
        found = 0
        for number, (name, target) in enumerate(made.items()):
            began, count = time.process_time(), values.inputs // len(made)
            outcomes = fuzz(target, Path(folder), count, values.seed + number)
            counts = Counter(outcome.kind for outcome in outcomes)
            print(f"{name:10} {count:7} inputs: {dict(counts)}; {time.process_time() - began:.0f} CPU-s, {peak()} MiB")
            for outcome in (outcome for outcome in outcomes if outcome.kind not in ("read", "refused")):
                found += 1
                print(f"  FOUND {outcome.kind}: {outcome.what}")
                if values.keep:
                    values.keep.mkdir(parents=True, exist_ok=True)
                    (values.keep / f"{name}-{found}").write_bytes(outcome.data)
    return 1 if found else 0


class Outcome(NamedTuple):
    """What became of an input: ``read``, ``refused``, or a finding with what was raised."""

    kind: str
    what: str = ""
    data: bytes = b""


def fuzz(target: Target, folder: Path, count: int, seed: int) -> list[Outcome]:
    """Try ``count`` damaged files on one reader."""
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings(), contextlib.suppress(AugmentError):
        warnings.simplefilter("ignore")
        target.read(target.place(folder, target.seeds[0]))  # what is imported for the first time is no reader's fault
    before = peak()
    return [_tried(target, folder, damaged(rng, target.seeds), before) for _ in range(count)]


def _tried(target: Target, folder: Path, data: bytes, before: int) -> Outcome:
    path = target.place(folder, data)
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(path)
        outcome = Outcome("read")
    except AugmentError as error:
        outcome = Outcome("refused") if str(error).isprintable() or "\n" in str(error) else Outcome("ugly", str(error))
    except TooSlowError:
        outcome = Outcome("slow", f"more than {SECONDS} s", data)
    except Exception as error:
        outcome = Outcome("error", f"{type(error).__name__}: {error!s:.200}", data)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if peak() - before > MEBIBYTES:
        return Outcome("memory", f"{peak() - before} MiB", data)
    return outcome


def _stop(*_: object) -> None:
    raise TooSlowError


def peak() -> int:
    """Give the largest size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def damaged(rng: np.random.Generator, seeds: list[bytes]) -> bytes:
    """Change a sound file in one to five places."""
    data = bytearray(seeds[rng.integers(len(seeds))])
    for _ in range(rng.integers(1, 6)):
        at, length = int(rng.integers(0, len(data) + 1)), int(2 ** rng.uniform(0, 6))
        match rng.integers(7):
            case 0 if at < len(data):
                data[at] = int(rng.integers(256))
            case 1 if at < len(data):
                data[at] = INTERESTING[rng.integers(len(INTERESTING))]
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length]
            case 4:
                data[at : at + 4] = struct.pack(rng.choice([">I", "<I"]), int(2 ** rng.uniform(0, 32)) & 0xFFFFFFFF)
            case 5:
                other = seeds[rng.integers(len(seeds))]
                start = int(rng.integers(0, len(other) + 1))
                data[at : at + length] = other[start : start + length]
            case _:
                del data[at + length * 8 :]
    # Checksums guard a PNG's chunks: without a right one no decoder looks further.
    return with_checksums(bytes(data)) if rng.integers(2) else bytes(data)


def with_checksums(data: bytes) -> bytes:
    """Give every chunk of a PNG its right checksum; leave what is none alone."""
    if not data.startswith(PNG):
        return data
    chunks, at = [PNG], len(PNG)
    while at + 12 <= len(data):
        end = at + 8 + min(int.from_bytes(data[at : at + 4]), len(data) - at - 12)
        chunks.append(data[at:end] + struct.pack(">I", zlib.crc32(data[at + 4 : end])))
        at = end + 4
    return b"".join([*chunks, data[at:]])


def targets(folder: Path) -> dict[str, Target]:
    """Make the readers and their sound files; ``folder`` is scratch."""
    images = {kind: list(pictures(kind)) for kind in ("png", "jpeg", "gif", "tiff", "webp", "bmp", "ppm")}
    made = {
        kind: Target(
            seeds, lambda path: decode(path, Look(16, 16, "rgb")), lambda where, data: _put(where / "image", data)
        )
        for kind, seeds in images.items()
    }
    names = ["cat/1.png", "dog/é.png"]
    tables = [
        b"file,group\ncat/1.png,a\ndog/\xc3\xa9.png,b\n",
        b'group,file,x\n"a ""b""",cat/1.png,1\nb,dog/\xc3\xa9.png,\n',
    ]
    made["csv"] = Target(tables, lambda path: read_groups(path, names), lambda where, data: _put(where / "t.csv", data))
    params = Path(__file__).parents[1] / "params.yaml"
    made["yaml"] = Target([params.read_bytes()], load_yaml, lambda where, data: _put(where / "p.yaml", data))
    made |= _idx(folder) | _containers(folder)
    return made


def pictures(kind: str) -> Iterator[bytes]:
    """Give sound images of a format: several modes, several frames, text and EXIF where it has them."""
    rng = np.random.default_rng(0)
    colour = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    saves: list[tuple[Image.Image, dict[str, Any]]] = [
        (colour, {}),
        (colour.convert("L"), {}),
        (colour.convert("1"), {}),
    ]
    if kind in ("png", "tiff", "webp"):
        saves += [(colour.convert("RGBA"), {}), (colour, {"save_all": True, "append_images": [colour.convert("RGB")]})]
    if kind in ("png", "gif", "tiff", "bmp"):
        saves.append((colour.quantize(16), {}))
    if kind == "png":
        saves.append((colour.quantize(16), {"transparency": 3}))
        saves.append((Image.fromarray(rng.integers(0, 65536, (6, 5), dtype=np.uint16)), {}))
    if kind in ("jpeg", "png", "webp", "tiff"):
        saves.append((colour, {"exif": exif}))
    if kind in ("jpeg", "tiff"):
        saves.append((colour.convert("CMYK"), {}))
    if kind == "jpeg":
        saves.append((colour, {"progressive": True}))
    if kind == "tiff":
        saves += [(colour, {"compression": name}) for name in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg")]
    for image, options in saves:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        yield buffer.getvalue()


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _idx(folder: Path) -> dict[str, Target]:
    """Make a target of each of the four files of a tiny dataset, packed and unpacked."""
    raw = folder / "idx"
    raw.mkdir()
    contents = {}
    for split, count in (("train", 4), ("t10k", 2)):
        contents[f"{split}-images-idx3-ubyte"] = struct.pack(">IIII", 2051, count, 28, 28) + bytes(count * 784)
        contents[f"{split}-labels-idx1-ubyte"] = struct.pack(">II", 2049, count) + bytes(range(count))
    for name in IDX_FILES:
        (raw / name).write_bytes(contents[name])
    source = TorchvisionSource(kind="torchvision", name="MNIST")
    made = {}
    for name in IDX_FILES[2:]:

        def place(_: Path, data: bytes, name: str = name) -> Path:
            for old in raw.glob(f"{name}*"):
                old.unlink()
            _put(raw / (f"{name}.gz" if data[:2] == b"\x1f\x8b" else name), data)
            return raw

        def read(path: Path, name: str = name) -> None:
            try:
                source.load(path)
            finally:
                for old in raw.glob(f"{name}*"):
                    old.unlink()
                (raw / name).write_bytes(contents[name])

        seeds = [contents[name], gzip.compress(contents[name])]
        made[f"idx {name[5:11]}"] = Target(seeds, read, place)
    return made


def _containers(folder: Path) -> dict[str, Target]:
    """Make a target of each file of a container."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (6, 1, 4, 4), dtype=np.uint8)
    write_image_set(folder / "set", make_image_set(pixels, [0, 1] * 3, ["a", "b"]), {"stage": "fuzz"})
    made = {}
    for file in sorted((folder / "set").iterdir()):
        sound = file.read_bytes()

        def place(_: Path, data: bytes, file: Path = file) -> Path:
            return _put(file, data).parent

        def read(path: Path, file: Path = file, sound: bytes = sound) -> None:
            try:
                read_image_set(path)
            finally:
                file.write_bytes(sound)

        made[file.name] = Target([sound], read, place)
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
