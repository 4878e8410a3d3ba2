"""Train the conditional GAN."""

from pathlib import Path

import numpy as np

import augment
from augment.core.images import UInt8Array, tile
from augment.core.stage import stage
from augment.core.store import read_image_set, write_csv, write_png
from augment.runtime.checkpoint import Checkpoint, fingerprint, fingerprint_code
from augment.runtime.machine import machine
from augment.runtime.progress import Progress
from augment.runtime.specs import RuntimeSpec
from augment.runtime.weights import write_model
from augment.synthesis.specs import GanSpec
from augment.synthesis.training import train_gan as fit

GRID_COLUMNS, GRID_ROWS, GRID_SIDE = 12, 20, 900
"""Samples a class, most classes shown, and the picture's width in pixels, about."""

CODE = [Path(augment.__path__[0], layer) for layer in ("core", "runtime", "synthesis")]


@stage(gan_spec="datasets.{dataset}.gan", runtime="runtime", seed="seed")
def train_gan(
    dataset: str,
    gan_spec: GanSpec,
    runtime: RuntimeSpec,
    seed: int,
    *,
    train: Path,
    checkpoint: Path,
    gan: Path,
    history: Path,
    samples: Path,
) -> None:
    """Write the averaged generator to ``gan``, the losses to ``history``, sample grids to ``samples``."""
    real = read_image_set(train)
    rows = min(len(real.classes), GRID_ROWS)
    scale = max(1, GRID_SIDE // (GRID_COLUMNS * real.shape[2]))
    labels = np.repeat(np.arange(rows), GRID_COLUMNS)

    def draw_grid(step: int, images: UInt8Array) -> None:
        write_png(samples / f"step_{step:06d}.png", tile(images, rows, GRID_COLUMNS, scale=scale))

    with machine(runtime) as where:
        origin = {
            "settings": fingerprint(gan_spec.model_dump_json().encode(), str(seed).encode()),
            "data": fingerprint(real.images.tobytes(), real.labels.tobytes()),
            "code": fingerprint_code(*CODE),
            "machine": f"{where.describe()}, {runtime.threads} threads",
        }
        kept = Checkpoint(checkpoint, origin, runtime.checkpoint_every_s)
        progress = Progress(f"train_gan {dataset}", gan_spec.steps)
        generator, losses = fit(real, gan_spec, seed, where, progress, kept, labels, draw_grid)
        config = {
            "classes": list(real.classes),
            "shape": list(real.shape),
            "spec": gan_spec.model_dump(),
            "machine": where.describe(),
        }
        write_model(gan, config, {"generator": generator})
    write_csv(history, losses)
    kept.clear()
