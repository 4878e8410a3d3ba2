"""Train a synthesizer - a GAN, or one of its rivals - on the real train split."""

from pathlib import Path

import numpy as np

import augment
from augment.core.images import UInt8Array, tile
from augment.core.stage import stage
from augment.core.store import read_image_set, write_csv, write_png
from augment.runtime.checkpoint import Checkpoint, fingerprint, fingerprint_code, fingerprint_folder
from augment.runtime.judge import read_judge
from augment.runtime.processes import processes
from augment.runtime.specs import RuntimeSpec
from augment.synthesis.files import write_synthesizer
from augment.synthesis.fitting import fit
from augment.synthesis.specs import SynthesizerSpec
from augment.synthesis.validation import GRID_COLUMNS, make_watcher

GRID_SIDE = 900
"""Width in pixels, about, of the pictures of samples."""

CODE = [Path(augment.__path__[0], layer) for layer in ("core", "runtime", "quality", "synthesis")]


@stage(spec="datasets.{dataset}.synthesizers.{synthesizer}", runtime="runtime", seed="seed")
def train_synthesizer(
    dataset: str,
    synthesizer: str,
    spec: SynthesizerSpec,
    runtime: RuntimeSpec,
    seed: int,
    *,
    train: Path,
    val: Path,
    features: Path,
    checkpoint: Path,
    trained: Path,
    history: Path,
    samples: Path,
) -> None:
    """Write the synthesizer to ``trained``, losses and looks to ``history``, pictures to ``samples``.

    There a grid each look, and a filmstrip: one row a look, one sample a class, always of the same noise.
    """
    real, held_out = read_image_set(train), read_image_set(val)
    with processes(runtime) as where:
        origin = {
            "settings": fingerprint(spec.model_dump_json().encode(), str(seed).encode()),
            "data": fingerprint(real.images.tobytes(), real.labels.tobytes(), held_out.images.tobytes()),
            "judge": fingerprint_folder(features),
            "code": fingerprint_code(*CODE),
            "machine": f"{where.describe()}, {runtime.threads} threads",
        }
        kept = Checkpoint(checkpoint, origin, runtime.checkpoint_every_s, writes=where.first)
        judge = read_judge(features, real.classes, real.shape, where.device)

        scale = max(1, GRID_SIDE // (GRID_COLUMNS * real.shape[2]))
        film: list[UInt8Array] = []

        def draw_grid(step: int, images: UInt8Array) -> None:
            film.append(images[::GRID_COLUMNS][:GRID_COLUMNS])
            if where.first:
                rows = len(images) // GRID_COLUMNS
                write_png(samples / f"step_{step:06d}.png", tile(images, rows, GRID_COLUMNS, scale=scale))

        what = f"train_synthesizer {dataset} {synthesizer}"
        result = fit(real, spec, seed, where, what, kept, make_watcher(held_out, judge, seed, where), draw_grid)
        if where.first:
            write_synthesizer(trained, result, real, spec, where)
            write_csv(history, result.history)
            write_png(samples / "filmstrip.png", tile(np.concatenate(film), len(film), len(film[0]), scale=scale))
            kept.clear()
