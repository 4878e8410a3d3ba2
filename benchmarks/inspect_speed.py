"""How many files a second of processor time `inspect` looks at, beside Pillow alone.

    python -m benchmarks.inspect_speed --files 5000

Baseline: open each file, decode it, shrink it to the same size. The rest is what `inspect` adds: it recognises the
layout, refuses what is no image, looks for copies and near copies, and deals splits.
"""

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from threadpoolctl import threadpool_limits

from augment.inspection.findings import THUMBNAIL, look
from augment.inspection.recognition import reader, recognised
from augment.inspection.suggestion import suggest

CLASSES = 10
SETS = {"PNG 28×28 grey": (28, "L", "png"), "JPEG 128×128 RGB": (128, "RGB", "jpg")}


def draw(folder: Path, files: int, side: int, mode: str, suffix: str) -> None:
    """Write noisy blobs, no two alike."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side] / side
    for k in range(files):
        (y, x), width = rng.uniform(0.2, 0.8, 2), rng.uniform(0.1, 0.3)
        blob = 220 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / width**2) + rng.normal(15, 8, (side, side))
        image = Image.fromarray(np.clip(blob, 0, 255).astype(np.uint8)).convert(mode)
        path = folder / f"class_{k % CLASSES}" / f"{k:06}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        image.save(path)


def pillow_alone(folder: Path) -> None:
    """Open, decode and shrink every file."""
    for path in folder.rglob("*.*"):
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            np.asarray(image.convert("RGB").resize((THUMBNAIL.width, THUMBNAIL.height), Image.Resampling.BILINEAR))


def inspect(folder: Path) -> None:
    """Do what the command does before it prints."""
    block = recognised(folder)
    suggest(block, look(reader(block), folder))


def rate(files: int, work: Callable[[Path], None], folder: Path, repeats: int) -> float:
    """Files a second of processor time, the median of some repeats."""
    seconds = []
    for _ in range(repeats):
        begun = time.process_time()
        work(folder)
        seconds.append(time.process_time() - begun)
    return files / float(np.median(seconds))


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=5000)
    options.add_argument("--repeats", type=int, default=3)
    chosen = options.parse_args()
    print(f"files a second of processor time, one process, {torch.backends.cpu.get_cpu_capability()}")
    for name, (side, mode, suffix) in SETS.items():
        with TemporaryDirectory() as scratch, threadpool_limits(1):
            draw(Path(scratch), chosen.files, side, mode, suffix)
            alone, ours = (rate(chosen.files, work, Path(scratch), chosen.repeats) for work in (pillow_alone, inspect))
            print(f"{name:<18} Pillow alone {alone:6.0f}   inspect {ours:6.0f}   {ours / alone:.2f} ×")


if __name__ == "__main__":
    main()
