"""What many small images cost: ``prepare`` on an NPZ file of noise, ``inspect`` on a folder of files.

``python -m benchmarks.prepare_scale [--images N …] [--files N]``: for each number of grey 28×28 images the peak of the
resident memory of ``prepare``, above that of one on a hundred images, and its CPU seconds, near copies kept together or
not; then the files that ``inspect`` looks at in a CPU second. Memory and time that grow as the images do are linear.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

HERE = Path(__file__).parents[1]
SIDE, CLASSES, FEW = 28, 10, 100
SPLITS = {"alone": {}, "near copies together": {"keep_together": "near_copies"}}


def main() -> None:
    """Print two lines a number of images, and one of files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--files", type=int, default=20_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for how, split in SPLITS.items():
            least, _ = prepare(draw(Path(scratch, "few"), FEW, split))
            for count in chosen.images:
                peak, seconds = prepare(draw(Path(scratch, "many"), count, split))
                print(f"{count:,} images, {how}: {(peak - least) / 2**20:.0f} MiB, {seconds:.1f} CPU-s", flush=True)
        folder = Path(scratch, "files")
        draw_files(folder, chosen.files)
        draw(Path(scratch, "settings"), FEW, {})
        inspect, settings = ["inspect", "--no-estimate"], Path(scratch, "settings")
        idle = run([*inspect, str(settings / "raw" / "noise")], settings)[1]
        seconds = run([*inspect, str(folder)], settings)[1] - idle
        print(f"inspect: {chosen.files / seconds:,.0f} files a CPU-second, after a start of {idle:.1f} CPU-s")


def draw(folder: Path, count: int, split: dict[str, str]) -> Path:
    """Write noise, and the settings to prepare it by."""
    (folder / "raw" / "noise").mkdir(parents=True, exist_ok=True)
    images = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
    np.savez(folder / "raw" / "noise" / "noise.npz", images=images, labels=np.arange(count) % CLASSES)
    settings = yaml.safe_load((HERE / "params.yaml").read_text())
    dataset = settings["datasets"].popitem()[1]
    dataset["source"] = {"kind": "npz", "image_size": SIDE, "mode": "grey"}
    dataset["split"] = {"val": 0.2, "test": 0.2} | split
    dataset["scarcity"] = {"kind": "none"}
    settings["datasets"]["noise"] = dataset
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    return folder


def draw_files(folder: Path, count: int) -> None:
    """Write noise as PNG files, a folder a class."""
    rng = np.random.default_rng(0)
    for number in range(count):
        file = folder / f"class{number % CLASSES}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)).save(file)


def prepare(folder: Path) -> tuple[int, float]:
    """Prepare the noise; give the peak of resident memory, in bytes, and CPU seconds."""
    paths = {"raw": "raw/noise", "train": "train", "val": "val", "test": "test", "files": "files.json"}
    options = [word for name, path in paths.items() for word in (f"--{name}", path)]
    return run(["prepare", "--stage", "prepare@noise", *options], folder)


def run(words: list[str], folder: Path) -> tuple[int, float]:
    """Run one command of the project in a folder; give the peak of resident memory, in bytes, and CPU seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "augment", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(HERE)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed")
    return usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime  # Linux counts in KiB


if __name__ == "__main__":
    main()
