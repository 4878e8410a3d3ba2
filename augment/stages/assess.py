"""Judge synthetic images against the val split."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from augment.classifier.files import read_classifiers
from augment.classifier.prediction import extract_features, predict_probabilities
from augment.core.images import ImageSet, UInt8Array, first_rows, tile
from augment.core.stage import stage
from augment.core.store import read_image_set, write_csv, write_json, write_png
from augment.evaluation.quality import compare_manifolds, frechet_distance, label_fidelity
from augment.runtime.machine import machine
from augment.runtime.specs import RuntimeSpec

GRID_COLUMNS, GRID_ROWS, GRID_SIDE = 8, 20, 1000


@stage(runtime="runtime")
def assess(
    dataset: str,
    runtime: RuntimeSpec,
    *,
    train: Path,
    synthetic: Path,
    val: Path,
    features: Path,
    quality: Path,
    fidelity: Path,
    grid: Path,
) -> None:
    """Write the figures to ``quality`` and ``fidelity``, real beside synthetic images to ``grid``."""
    real, fake, held_out = (read_image_set(path) for path in (train, synthetic, val))
    judge = read_classifiers(features, real.classes, real.shape)[0].network
    # The same class counts on both sides: otherwise the distance measures the mix of classes, not the images.
    matched = fake.select(first_rows(fake.labels, held_out.class_counts()))
    with machine(runtime) as where:
        judge.to(where.device)
        judged = predict_probabilities(judge, fake.images, where).argmax(1)
        of_real, of_fake, of_val = (extract_features(judge, s.images, where) for s in (real, matched, held_out))
    per_class = label_fidelity(fake.labels, judged, len(fake.classes))
    figures = {
        "label_fidelity": float((judged == fake.labels).mean()),
        "lowest_label_fidelity": float(per_class.min()),
        "frechet_distance": frechet_distance(of_fake, of_val),
        "frechet_floor": frechet_distance(of_real, of_val),
        **asdict(compare_manifolds(of_val, of_fake)),
    }
    write_json(quality, {name: round(value, 6) for name, value in figures.items()})
    write_csv(fidelity, pd.DataFrame({"class_name": fake.classes, "fidelity": per_class.round(6)}))
    write_png(grid, beside(real, fake))
    print(
        f"assess {dataset}: label fidelity {figures['label_fidelity']:.3f}, Fréchet {figures['frechet_distance']:.2f}"
    )


def beside(real: ImageSet, synthetic: ImageSet) -> UInt8Array:
    """Draw one row a class: real images on the left, synthetic ones on the right of a white gap."""
    rows = min(len(real.classes), GRID_ROWS)
    scale = max(1, GRID_SIDE // (2 * GRID_COLUMNS * real.shape[2]))
    halves = [tile(_columns(part, rows), rows, GRID_COLUMNS, scale=scale) for part in (real, synthetic)]
    gap = np.full((halves[0].shape[0], 3 * scale, *halves[0].shape[2:]), 255, dtype=np.uint8)
    return np.concatenate([halves[0], gap, halves[1]], axis=1)


def _columns(part: ImageSet, rows: int) -> UInt8Array:
    """Take as many images of each class as the grid has columns, the first ones again where there are fewer."""
    chosen = [np.resize(np.flatnonzero(part.labels == label), GRID_COLUMNS) for label in range(rows)]
    return part.images[np.concatenate(chosen)]
