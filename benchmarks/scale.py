"""What a set of many small images costs from `prepare` over `merge` to `export`: CPU seconds and memory.

``python -m benchmarks.scale [--images N …] [--formats npz parquet …]``: for each number of grey 28×28 images of noise,
dealt to three splits, a quarter as many more drawn, merged and exported, and each command's CPU seconds and peak of
resident memory above that of the same command on a few hundred images. Ten times the images may cost at most twelve
times as much.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from augment.core.container import write_image_set
from augment.core.images import make_image_set
from augment.core.provenance import described
from augment.core.store import write_parquet
from benchmarks.prepare_scale import CLASSES, HERE, SIDE, draw, run

FEW = 400
SHARE = 0.25
MIX = {"synthesizer": "gan", "share": SHARE, "allow_failed": True, "filter": {"near_copies": False}}
PREPARE = {"raw": "raw/{}", "train": "data/{}/train/real", "val": "data/{}/val", "test": "data/{}/test"}
PREPARE |= {"files": "results/{}/files.json"}
DRAWN = {"synthetic": "data/{}/synthetic/gan", "quality": "none", "scores": "results/{}/synthetic/gan/scores.parquet"}
MERGE = {"real": "data/{}/train/real", "merged": "data/{}/train/merged"} | DRAWN


def main() -> None:
    """Print a line a number of images and command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--formats", nargs="*", default=["npz"])
    chosen = parser.parse_args()
    commands = {
        "prepare": ["prepare", "--stage", "prepare@noise", *options(PREPARE)],
        "merge": ["merge", "--stage", "merge@noise-merged", *options(MERGE)],
    }
    commands |= {
        f"export {name}": ["export", "noise", "--what", "merged", "--format", name, "--to", f"exports/{name}"]
        for name in chosen.formats
    }
    least = dict[str, int]()
    for count in (FEW, *chosen.images):
        with tempfile.TemporaryDirectory() as scratch:
            folder = project(Path(scratch, "noise"), count)
            for name, words in commands.items():
                peak, seconds = run(words, folder)
                above = (peak - least.setdefault(name, peak)) / 2**20
                print(f"{count:>9,} images, {name:<16} {above:6.0f} MiB, {seconds:6.1f} CPU-s", flush=True)


def project(folder: Path, count: int) -> Path:
    """Write noise as a dataset, and as what a synthesizer drew of it."""
    draw(folder, count, {})
    settings = yaml.safe_load((folder / "params.yaml").read_text())
    settings["datasets"] = {"noise": settings["datasets"]["noise"]}
    settings["mixes"]["merged"] = MIX
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    shutil.copy(HERE / "dvc.yaml", folder)
    number = round(count * SHARE)
    images = np.random.default_rng(1).integers(0, 256, (number, 1, SIDE, SIDE), dtype=np.uint8)
    labels = np.arange(number) % CLASSES
    drawn = make_image_set(images, labels, [str(label) for label in range(CLASSES)], generator_seed=1)
    made_by = described(stage="synthesize", dataset="noise", synthesizer="gan")
    write_image_set(folder / "data/noise/synthetic/gan", drawn, made_by)
    scores = {"judged_label": labels, "confidence": 1.0, "nearest_train": 0, "nearest_distance": 1.0}
    frame = pd.DataFrame(scores).assign(near_copy=False)
    write_parquet(folder / "results/noise/synthetic/gan/scores.parquet", frame)
    return folder


def options(paths: dict[str, str]) -> list[str]:
    """Spell paths as options of a stage."""
    return [word for name, path in paths.items() for word in (f"--{name}", path.format("noise"))]


if __name__ == "__main__":
    main()
