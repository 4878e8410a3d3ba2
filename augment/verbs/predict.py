"""Say what images show, by the classifiers of the arm that the verdict recommends, all together."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from augment.core.errors import DataError
from augment.core.images import Float32Array, UInt8Array
from augment.core.store import write_png
from augment.core.text import printable
from augment.finished.classifier import Ensemble, read_ensemble
from augment.finished.explaining import overlaid, saliency
from augment.finished.project import open_project

PICTURE_HEIGHT = 300


def command(arguments: list[str]) -> None:
    """Read the options, predict, and print a table or JSON; with ``--explain`` write a picture of each image."""
    options = argparse.ArgumentParser(prog="python -m augment predict", description=__doc__)
    options.add_argument("dataset")
    options.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    options.add_argument("--arm", metavar="TRAIN_SET/RECIPE", help="default: the one that the verdict recommends")
    options.add_argument("--run", type=int, help="one classifier alone, from 0 (default: all)")
    options.add_argument("--json", action="store_true", help="print every probability as JSON")
    options.add_argument(
        "--explain", type=Path, metavar="FOLDER", help="write there which pixels speak for each answer"
    )
    chosen = options.parse_args(arguments)
    ensemble = read_ensemble(open_project(Path()), chosen.dataset, chosen.arm, chosen.run)
    images = ensemble.read(chosen.images)
    probabilities = ensemble.predict(images)
    answers = [_answer(ensemble, path, row) for path, row in zip(chosen.images, probabilities, strict=True)]
    if chosen.explain:
        _explain(ensemble, images, probabilities, chosen.images, chosen.explain)
    print(
        json.dumps(_all(ensemble, answers), indent=2, ensure_ascii=False) if chosen.json else _table(ensemble, answers)
    )


def _answer(ensemble: Ensemble, path: Path, probabilities: Float32Array) -> dict[str, Any]:
    named = dict(zip(ensemble.classes, (round(float(each), 4) for each in probabilities), strict=True))
    best = ensemble.classes[int(probabilities.argmax())]
    return {"image": printable(path), "class": best, "probability": named[best], "probabilities": named}


def _all(ensemble: Ensemble, answers: list[dict[str, Any]]) -> dict[str, Any]:
    about = {"dataset": ensemble.dataset, "arm": ensemble.arm, "classifiers": len(ensemble.networks)}
    return about | {"temperature": round(ensemble.temperature, 4), "images": answers}


def _table(ensemble: Ensemble, answers: list[dict[str, Any]]) -> str:
    """Lay the answers out, with the second likeliest class beside the first."""
    rows = [("image", "class", "probability", "next")]
    for answer in answers:
        *_, second, _ = sorted(answer["probabilities"].items(), key=lambda item: item[1])
        first = (answer["image"], answer["class"], f"{100 * answer['probability']:.1f} %")
        rows.append((*first, f"{second[0]} {100 * second[1]:.1f} %"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    said = f"{len(ensemble.networks)} classifiers of {ensemble.arm}, calibrated on val (T = {ensemble.temperature:.2f})"
    return "\n".join([*lines, said])


def _explain(
    ensemble: Ensemble, images: UInt8Array, probabilities: Float32Array, paths: list[Path], folder: Path
) -> None:
    targets = [folder / f"{number:03d}-{path.stem}.png" for number, path in enumerate(paths)]
    there = [str(target) for target in targets if target.exists()]
    if there:
        raise DataError(f"{there[0]}: expected nothing there, as nothing is overwritten; choose another --explain")
    found = saliency(ensemble, images, probabilities.argmax(axis=1).astype(np.int64))
    scale = max(1, PICTURE_HEIGHT // images.shape[2])
    for target, image, attribution in zip(targets, images, found, strict=True):
        write_png(target, overlaid(image, attribution, scale))
