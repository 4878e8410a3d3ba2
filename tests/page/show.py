"""Draws pages to look at: ``python -m tests.page.show FOLDER``; then open FOLDER/index.html in a browser.

Three, ten and sixty classes, as points of a learning curve; a generator that made noise; a dataset without results.
"""

import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from augment.assessment.pictures import beside_nearest, real_beside_synthetic
from augment.comparison.arms import Arm
from augment.comparison.left_out import MissingArm, left_out
from augment.core.images import FloatArray, ImageSet, UInt8Array, make_image_set, tile
from augment.core.store import write_text
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.page import figures, overview
from augment.page.content import DatasetResults, Pictures
from augment.page.render import render
from augment.quality.neighbours import Nearest
from tests.comparison.simulated import arm
from tests.page.examples import provenance
from tests.results.examples import QUALITY, result_of

SIDE = 24
RECIPES = ("plain", "balanced", "classical", "balanced_classical")
ACCURACIES = {"real": 0.72, "merged": 0.76, "synthetic": 0.55, "control": 0.73}
NAMES = (
    "cat",
    "Airplane over the sea",
    "dog",
    "ship",
    "frog",
    "n02099601 golden retriever",
    "猫",
    "7",
    "truck",
    "deer",
)


def classes_of(count: int) -> list[str]:
    """Name classes, some of them long."""
    return [NAMES[k] if k < len(NAMES) else f"class number {k}" for k in range(count)]


def images_of(classes: Sequence[str], noise: float) -> ImageSet:
    """Draw a blob of a colour and place of its class, under noise."""
    rng = np.random.default_rng(1)
    labels = np.arange(8 * len(classes)) % len(classes)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    middle = 8 + labels % 9
    blob = np.exp(-((rows - middle[:, None, None]) ** 2 + (columns - 12) ** 2) / 30)
    colours = rng.random((len(classes), 3))[labels]
    pixels = 200 * blob[:, None] * colours[:, :, None, None] * (1 - noise) + noise * rng.normal(
        120, 80, (len(labels), 3, SIDE, SIDE)
    )
    return make_image_set(pixels.clip(0, 255).astype(np.uint8), labels.tolist(), classes)


def png(pixels: UInt8Array) -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="png")
    return buffer.getvalue()


def pictures_of(classes: Sequence[str], noise: float) -> Pictures:
    """Draw what `assess` and the training draw."""
    real, fake = images_of(classes, 0.05), images_of(classes, noise)
    near = Nearest(row=np.arange(len(real)), distance=np.linspace(0.0, 1.0, len(real)))
    few = classes[:12]
    film = np.concatenate([images_of(few, part).images[: len(few)] for part in (1.0, 0.8, 0.5, noise)])
    return Pictures(
        "gan",
        history=history(noise),
        grid=png(real_beside_synthetic(real, fake)),
        nearest=png(beside_nearest(fake, real, near)),
        filmstrip=png(tile(film, 4, len(few), scale=max(1, 900 // (12 * SIDE)))),
    )


def history(noise: float) -> pd.DataFrame:
    """Make up a training."""
    names = ("loss_d", "loss_g", "label_fidelity", "lowest_label_fidelity", "precision", "recall", "coverage")
    rows = [
        {"step": step, "figure": name, "value": (1 - noise) * step / 2000 + number / 10}
        for step in range(0, 2001, 200)
        for number, name in enumerate((*names, "density", "frechet_distance", "kernel_distance"))
    ]
    return pd.DataFrame(rows)


def arms_of(classes: Sequence[str], images: int, runs: int = 5) -> list[Arm]:
    """Simulate arms, some images of every class being hard for all."""
    rng = np.random.default_rng(2)
    labels = np.arange(images) % len(classes)
    ease: FloatArray = rng.normal(0, 0.8, images)
    found = []
    for train_set, recipe in product(ACCURACIES, RECIPES):
        chance = ACCURACIES[train_set] + 0.03 * RECIPES.index(recipe)
        hits = ease + rng.normal(0, 0.6, (runs, images)) < 1.6 * (chance - 0.5) / 0.5
        wrong = (labels + 1 + rng.integers(0, len(classes) - 1, (runs, images))) % len(classes)
        said = np.eye(len(classes), dtype=np.float32)[np.where(hits, labels, wrong)]
        truth = GroundTruth(classes=tuple(classes), labels=tuple(labels.tolist()))
        one = arm(train_set, recipe, hits.astype(float), chance)
        counts = np.maximum(200 * 0.9 ** np.arange(len(classes)), 5).astype(np.int64)
        whose = "smote" if train_set == "control" else one.synthesizer
        found.append(replace(one, predictions=Predictions(truth, said), train_counts=counts, synthesizer=whose))
    return found


def example(name: str, classes: int, images: int, *, fails: bool = False) -> DatasetResults:
    """Make up all that came of a dataset."""
    names = classes_of(classes)
    failures = [f"class {each}: recall 0.00, expected at least 0.10: few kinds" for each in names]
    judge = {"judge": {"accuracy": 0.5, "accuracy_low": 0.35, "accuracy_high": 0.65, "chance": 1 / classes}}
    failed = QUALITY | judge | {"failed_checks": len(failures), "failures": failures}
    quality = {"gan": failed if fails else QUALITY, "smote": QUALITY}
    arms, missing = arms_of(names, images, 2 if fails else 5), []
    if fails:
        missing = [MissingArm(each.train_set, each.recipe, "gan", tuple(failures)) for each in arms if each.synthesizer]
        missing = [each for each in missing if each.train_set != "control"]
        arms = [each for each in arms if each.train_set in ("real", "control")]
    counts = {"read": 30, "copies": 2, "train": 18, "val": 5, "test": 5}
    return DatasetResults(
        result=result_of(arms, quality, left_out(quality, arms, missing), name),
        source="image folder, image size 24, mode rgb",
        family="made up",
        per_class=None if fails else classes,
        confusion={each.name: each.predictions.confusion() for each in arms},
        pictures=(pictures_of(names, 0.95 if fails else 0.2), Pictures("smote")),
        account={
            "classes": dict.fromkeys(names, counts),
            "notes": ["3 files left out, thumbnails: .thumb/1.png, .thumb/2.png, .thumb/3.png"],
            "warnings": [f"val has 5 images of class {names[0]}: its own figures say next to nothing"],
        },
    )


def main(folder: Path) -> None:
    """Draw them all."""
    shown = [example("three", 3, 450), example("ten", 10, 450), example("sixty", 60, 1200)]
    shown.append(example("noise", 3, 15, fails=True))
    entries = []
    for each in shown:
        name = each.result.dataset
        write_text(folder / name / "index.html", render(each, provenance(), several=True).html)
        entries.append(overview.Entry(name, each, f"{name}/index.html", "26 November 2026, 02:31 UTC"))
    curves = [figures.learning_curve(members) for members in overview.families(shown)]
    entries.append(overview.Entry("broken", None, None, None))
    write_text(folder / "index.html", overview.render(entries, curves))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
