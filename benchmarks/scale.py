"""What large sets cost from `prepare` over `merge` to `export`: processor time and memory.

    python -m benchmarks.scale                                # 100,000 and 1,000,000 grey images of 28×28, NPZ
    python -m benchmarks.scale --near-copies --images 100000     # near copies kept together, which looks for them
    python -m benchmarks.scale --files 20000 --side 128          # RGB files of 128×128, through inspect and prepare

Noise is dealt to three splits, a quarter as many images are drawn, merged and exported. Memory is what a command takes
above the same one on a few hundred images: *resident*, with the pages of files that it has mapped, which the system
takes back when it needs them, and *own*, without those. Ten times the images may cost at most twelve times as much.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import psutil
import yaml
from PIL import Image

from augment.core.container import write_image_set
from augment.core.images import make_image_set
from augment.core.provenance import described
from augment.core.store import write_parquet

HERE = Path(__file__).resolve().parents[1]
CLASSES, FEW, SHARE, TICK_S = 10, 400, 0.25, 0.02
MIX = {"synthesizer": "gan", "share": SHARE, "allow_failed": True, "filter": {"near_copies": False}}
PREPARE = {"raw": "raw/{}", "train": "data/{}/train/real", "val": "data/{}/val", "test": "data/{}/test"}
PREPARE |= {"unlabelled": "data/{}/unlabelled", "files": "results/{}/files.json"}
DRAWN = {"synthetic": "data/{}/synthetic/gan", "quality": "none", "scores": "results/{}/synthetic/gan/scores.parquet"}
MERGE = {"real": "data/{}/train/real", "merged": "data/{}/train/merged"} | DRAWN


class Cost(NamedTuple):
    """What a command took: peaks of memory in MiB, and seconds of processor time."""

    resident: float
    own: float
    seconds: float


def main() -> None:
    """Print a line a number of images and command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--formats", nargs="*", default=["npz"])
    parser.add_argument("--near-copies", action="store_true", help="keep them together")
    parser.add_argument("--files", type=int, help="instead of numbers in one file so many RGB files")
    parser.add_argument("--side", type=int, default=128, help="of such a file's picture, in pixels")
    chosen = parser.parse_args()
    prepare = {"prepare": ["prepare", "--stage", "prepare@noise", *options(PREPARE)]}
    if chosen.files:
        inspect = {"inspect": ["inspect", "raw/noise", "--no-estimate"]}
        compare([chosen.files], inspect | prepare, lambda folder, count: draw_files(folder, count, chosen.side))
        return
    exports = {
        f"export {name}": ["export", "noise", "--what", "merged", "--format", name, "--to", f"exports/{name}"]
        for name in chosen.formats
    }
    split = {"keep_together": "near_copies"} if chosen.near_copies else {}
    merge = {"merge": ["merge", "--stage", "merge@noise-merged", *options(MERGE)]}
    compare(chosen.images, prepare | merge | exports, lambda folder, count: draw_numbers(folder, count, split))


def compare(counts: list[int], commands: dict[str, list[str]], draw: Callable[[Path, int], None]) -> None:
    """Run each command on a few images, then on so many."""
    least = dict[str, Cost]()
    for count in (FEW, *counts):
        with tempfile.TemporaryDirectory() as scratch:
            draw(folder := Path(scratch, "noise"), count)
            for name, words in commands.items():
                cost = run(words, folder)
                few = least.setdefault(name, cost)
                memory = f"{cost.resident - few.resident:6.0f} MiB resident, {cost.own - few.own:6.0f} own"
                print(f"{count:>9,} images, {name:<16} {memory}, {cost.seconds:6.1f} CPU-s", flush=True)


def draw_numbers(folder: Path, count: int, split: dict[str, str]) -> None:
    """Write noise as a dataset, and as what a synthesizer drew of it."""
    raw, side = folder / "raw" / "noise", 28
    raw.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8)
    np.savez(raw / "noise.npz", images=images, labels=np.arange(count) % CLASSES)
    settings(folder, {"kind": "npz", "image_size": side, "mode": "grey"}, split)
    number = round(count * SHARE)
    drawn = np.random.default_rng(1).integers(0, 256, (number, 1, side, side), dtype=np.uint8)
    labels = np.arange(number) % CLASSES
    synthetic = make_image_set(drawn, labels, [str(label) for label in range(CLASSES)], generator_seed=1)
    made_by = described(stage="synthesize", dataset="noise", synthesizer="gan")
    write_image_set(folder / "data/noise/synthetic/gan", synthetic, made_by)
    scores = {"judged_label": labels, "confidence": 1.0, "nearest_train": 0, "nearest_distance": 1.0}
    frame = pd.DataFrame(scores).assign(near_copy=False)
    write_parquet(folder / "results/noise/synthetic/gan/scores.parquet", frame)


def draw_files(folder: Path, count: int, side: int) -> None:
    """Write noise as PNG files, a folder a class."""
    rng, raw = np.random.default_rng(0), folder / "raw" / "noise"
    for label in range(CLASSES):
        (raw / f"class{label}").mkdir(parents=True)
    for number in range(count):
        picture = Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
        picture.save(raw / f"class{number % CLASSES}" / f"{number}.png", compress_level=0)
    settings(folder, {"kind": "image_folder", "image_size": side, "mode": "rgb"}, {})


def settings(folder: Path, source: dict[str, Any], split: dict[str, str]) -> None:
    """Write the project's settings and graph, with noise as the one dataset."""
    params = yaml.safe_load((HERE / "params.yaml").read_text())
    dataset = params["datasets"].popitem()[1]
    dataset |= {"source": source, "split": {"val": 0.2, "test": 0.2} | split, "scarcity": {"kind": "none"}}
    params["datasets"] = {"noise": dataset}
    params["mixes"]["merged"] = MIX
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    shutil.copy(HERE / "dvc.yaml", folder)


def options(paths: dict[str, str]) -> list[str]:
    """Spell paths as options of a stage."""
    return [word for name, path in paths.items() for word in (f"--{name}", path.format("noise"))]


def run(words: list[str], folder: Path) -> Cost:
    """Run one command of the project in a folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "augment", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(HERE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    own, seen = 0, psutil.Process(process.pid)
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        with suppress(psutil.Error):
            memory = seen.memory_info()
            own = max(own, memory.rss - memory.shared)
        time.sleep(TICK_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed")
    return Cost(usage.ru_maxrss / 2**10, own / 2**20, usage.ru_utime + usage.ru_stime)  # Linux counts in KiB


if __name__ == "__main__":
    main()
