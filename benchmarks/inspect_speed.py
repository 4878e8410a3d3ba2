"""How many files a second `inspect` looks at, in one process and in as many as there are cores, beside Pillow alone.

    python -m benchmarks.inspect_speed --files 5000

Baseline: open each file, decode it, shrink it to the same size. The rest is what `inspect` adds: it recognises the
layout, refuses what is no image, looks for copies and near copies, and deals splits. On a machine that does other
things, too, only the seconds of processor time mean much; they are those of all processes.
"""

import argparse
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import numpy as np
import pytest
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


def spent() -> float:
    """Seconds of processor time so far, of this process and of those that it started."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def rates(files: int, work: Callable[[Path], None], folder: Path, repeats: int) -> str:
    """Files a second on the clock and of processor time, the best of some repeats."""
    seconds = []
    for _ in range(repeats):
        clock, processor = time.perf_counter(), spent()
        work(folder)
        seconds.append((time.perf_counter() - clock, spent() - processor))
    return " ".join(f"{files / min(column):7.0f}" for column in zip(*seconds, strict=True))


def alone(folder: Path) -> None:
    """Do what the command does, in one process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        inspect(folder)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=5000)
    options.add_argument("--repeats", type=int, default=3)
    chosen = options.parse_args()
    print(f"files a second, on the clock and of processor time, {torch.backends.cpu.get_cpu_capability()}")
    works = {"Pillow alone": pillow_alone, "one process": alone, f"inspect, {joblib.cpu_count()} cores": inspect}
    for name, (side, mode, suffix) in SETS.items():
        with TemporaryDirectory() as scratch, threadpool_limits(1):
            draw(Path(scratch), chosen.files, side, mode, suffix)
            for what, work in works.items():
                print(f"{name:<17} {what:<17} {rates(chosen.files, work, Path(scratch), chosen.repeats)}", flush=True)


if __name__ == "__main__":
    main()
