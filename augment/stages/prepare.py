"""Load, validate, deduplicate and split a dataset; thin its train split; account for every file."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from augment.core.container import write_image_set, write_images
from augment.core.errors import DataError
from augment.core.images import (
    UNLABELLED,
    HashArray,
    IntArray,
    make_image_set,
    make_manifest,
    require_no_common,
)
from augment.core.provenance import described
from augment.core.stage import stage
from augment.core.store import write_json
from augment.core.text import counted
from augment.datasets.account import account, lines, lost
from augment.datasets.checks import distinct, validate
from augment.datasets.pool import pool_beside
from augment.datasets.question import question
from augment.datasets.raw import RawImages, SourceSpec, Unlabelled
from augment.datasets.split_spec import ScarcitySpec, SplitSpec
from augment.datasets.splits import scarce, split_rows


@stage(
    source="datasets.{dataset}.source",
    split="datasets.{dataset}.split",
    scarcity="datasets.{dataset}.scarcity",
    seed="seed",
)
def prepare(
    dataset: str,
    source: SourceSpec,
    split: SplitSpec,
    scarcity: ScarcitySpec,
    seed: int,
    *,
    raw: Path,
    train: Path,
    val: Path,
    test: Path,
    unlabelled: Path,
    files: Path,
) -> None:
    """Write the containers ``train``, ``val``, ``test`` and ``unlabelled``; account for every file in ``files``.

    Where no image is without a label ``unlabelled`` is empty: every dataset has the same outputs.
    """
    everything = source.load(raw)
    validate(everything, dataset, source.image_shape)
    found = distinct(everything)
    try:
        rows = split_rows(everything, split, seed, found.rows)
        rows, train_rows = scarce(everything, rows, scarcity, seed)
    except DataError as error:
        raise DataError("\n  ".join([str(error), *lost(everything, found)])) from error
    pool = pool_beside(everything, found, rows, train_rows, scarcity, split, seed)
    told = account(everything, found, rows, train_rows, seed, split.together(), pool)
    settings = described(stage="prepare", dataset=dataset, seed=seed, source=source, split=split, scarcity=scarcity)
    parts = {train: train_rows, val: rows.val, test: rows.test}
    for one, other in combinations(parts, 2):
        require_no_common(found.hashes[parts[one]], found.hashes[parts[other]], f"{one} and {other}")
    for path, part in parts.items():
        _write(path, everything, part, everything.labels[part], everything.classes, found.hashes[part], settings)
    if pool is None:
        nothing = np.empty((0, *source.image_shape), dtype=np.uint8)
        write_image_set(unlabelled, make_image_set(nothing, [], (UNLABELLED,)), settings)
    else:
        hashes, none = pool.hashes[pool.rows], np.zeros(len(pool.rows), dtype=np.int64)
        for path, part in parts.items():
            require_no_common(hashes, found.hashes[part], f"{unlabelled} and {path}")
        _write(unlabelled, pool.pool, pool.rows, none, (UNLABELLED,), hashes, settings)
    parts_told = {name: each for name, each in told._asdict().items() if each is not None}
    write_json(files, {"made_by": settings, "shape": list(source.image_shape), **parts_told})
    dropped = len(everything.labels) - len(found.rows)
    print(
        f"prepare {dataset}: {len(train_rows)} train, {len(rows.val)} val, {len(rows.test)} test images; "
        f"{counted(dropped, 'duplicate')} dropped"
    )
    print(f"prepare {dataset}: the test split asks: {question(split)}")
    for line in lines(told.notes, told.warnings):
        print(f"prepare {dataset}: {line}")


def _write(
    path: Path,
    images: RawImages | Unlabelled,
    rows: IntArray,
    labels: IntArray,
    classes: tuple[str, ...],
    hashes: HashArray,
    settings: dict[str, Any],
) -> None:
    manifest = make_manifest(labels, classes, hashes)
    if images.groups is not None:
        manifest["group"] = pd.array(images.groups[rows], dtype="str")
    write_images(path, [(images.images, rows)], manifest, classes, settings)
