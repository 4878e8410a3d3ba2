"""Train the conditional GAN."""

from pathlib import Path

import numpy as np

from augment.core.images import tile
from augment.core.stage import stage
from augment.core.store import read_image_set, write_csv, write_png
from augment.runtime.machine import machine
from augment.runtime.progress import Progress
from augment.runtime.seeding import torch_generator
from augment.runtime.specs import RuntimeSpec
from augment.runtime.weights import write_model
from augment.synthesis.networks import Generator
from augment.synthesis.sampling import sample
from augment.synthesis.specs import GanSpec
from augment.synthesis.training import train_gan as fit

GRID_COLUMNS, GRID_ROWS, GRID_SIDE = 12, 20, 900
"""Samples a class, most classes shown, and the picture's width in pixels, about."""


@stage(gan_spec="datasets.{dataset}.gan", runtime="runtime", seed="seed")
def train_gan(
    dataset: str,
    gan_spec: GanSpec,
    runtime: RuntimeSpec,
    seed: int,
    *,
    train: Path,
    gan: Path,
    history: Path,
    samples: Path,
) -> None:
    """Write the averaged generator to ``gan``, the losses to ``history``, sample grids to ``samples``."""
    real = read_image_set(train)
    rows = min(len(real.classes), GRID_ROWS)
    scale = max(1, GRID_SIDE // (GRID_COLUMNS * real.shape[2]))
    labels = np.repeat(np.arange(rows), GRID_COLUMNS)

    with machine(runtime) as where:

        def draw_grid(step: int, generator: Generator) -> None:
            images = sample(generator, labels, torch_generator(seed, "gan", "sample grid"), where)
            write_png(samples / f"step_{step:06d}.png", tile(images, rows, GRID_COLUMNS, scale=scale))

        progress = Progress(f"train_gan {dataset}", gan_spec.steps)
        generator, losses = fit(real, gan_spec, seed, where, progress, draw_grid)
        config = {
            "classes": list(real.classes),
            "shape": list(real.shape),
            "spec": gan_spec.model_dump(),
            "machine": where.describe(),
        }
        write_model(gan, config, {"generator": generator})
    write_csv(history, losses)
