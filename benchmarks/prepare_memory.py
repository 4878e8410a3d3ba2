"""How much memory ``prepare`` takes, in bytes of the pixels that it reads.

``python -m benchmarks.prepare_memory [TREE …]``: for the code of this tree, or of each tree named, the peak of the
resident memory of ``prepare`` on a folder of noise, less that on one of a few images, over the bytes of pixels that the
two folders differ by. A second line has every tenth image twice.
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
SIDE, CLASSES, FEW, MANY = 128, 4, 80, 2400


def main() -> None:
    """Print two figures a tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="*", type=Path, default=[HERE], help="project trees to measure")
    trees = [tree.resolve() for tree in parser.parse_args().trees]
    bytes_of_pixels = (MANY - FEW) * 3 * SIDE**2
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch, name) for name in ("few", "many", "copies")}
        draw(folders["few"], FEW)
        draw(folders["many"], MANY)
        draw(folders["copies"], MANY, copy_every=10)
        for tree in trees:
            least = peak_bytes(tree, folders["few"])
            for name in ("many", "copies"):
                times = (peak_bytes(tree, folders[name]) - least) / bytes_of_pixels
                print(f"{tree.name}: {name}: {times:.2f} × the pixels, above {least / 2**20:.0f} MiB")


def draw(folder: Path, count: int, copy_every: int = 0) -> None:
    """Write noise, and the settings to prepare it by."""
    rng, pixels = np.random.default_rng(0), np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    for number in range(count):
        label = number // 2 % CLASSES  # an image and its copy are of one class
        if not copy_every or number % copy_every != 1:
            pixels = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        file = folder / "raw" / "noise" / f"class{label}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file, compress_level=0)
    settings = yaml.safe_load((HERE / "params.yaml").read_text())
    dataset = settings["datasets"].popitem()[1]
    dataset["source"] = {"kind": "image_folder", "image_size": SIDE, "mode": "rgb"}
    dataset["scarcity"] = {"kind": "none"}
    settings["datasets"]["noise"] = dataset
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))


def peak_bytes(tree: Path, folder: Path) -> int:
    """Prepare a folder with a tree's code; give the peak of the process's resident memory."""
    paths = {"raw": "raw/noise", "train": "train", "val": "val", "test": "test", "files": "files.json"}
    options = [word for name, path in paths.items() for word in (f"--{name}", path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "augment", "prepare", "--stage", "prepare@noise", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(tree)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{tree}: prepare failed")
    return usage.ru_maxrss * 1024  # Linux counts in KiB


if __name__ == "__main__":
    main()
