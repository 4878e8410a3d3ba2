"""Load, validate, deduplicate and split a dataset; thin its train split; account for every file."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from augment.core.container import write_image_set
from augment.core.errors import DataError
from augment.core.images import UNLABELLED, ImageSet, make_image_set, make_manifest, require_no_common
from augment.core.provenance import described
from augment.core.stage import stage
from augment.core.store import write_json
from augment.core.text import counted
from augment.datasets.account import account, lines, lost
from augment.datasets.checks import distinct, validate
from augment.datasets.pool import Kept, pool_beside
from augment.datasets.question import question
from augment.datasets.raw import RawImages, Shape, SourceSpec
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
    images = _image_set(everything, found.hashes)
    parts = {train: train_rows, val: rows.val, test: rows.test}
    for one, other in combinations(parts, 2):
        require_no_common(images.manifest.iloc[parts[one]], images.manifest.iloc[parts[other]], f"{one} and {other}")
    others = _without_labels(pool, source.image_shape)
    for path, part in parts.items():
        require_no_common(others.manifest, images.manifest.iloc[part], f"{unlabelled} and {path}")
    for path, part in parts.items():
        write_image_set(path, images, settings, part)
    write_image_set(unlabelled, others, settings)
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


def _without_labels(pool: Kept | None, shape: Shape) -> ImageSet:
    """Give the images without labels as a set of one class; an empty one where there are none."""
    if pool is None:
        return make_image_set(np.empty((0, *shape), dtype=np.uint8), [], (UNLABELLED,))
    hashes = [pool.hashes[row] for row in pool.rows]
    manifest = make_manifest(np.zeros(len(hashes), dtype=np.int64), (UNLABELLED,), hashes)
    if pool.pool.groups is not None:
        manifest = manifest.assign(group=pd.array(pool.pool.groups[pool.rows], dtype="str"))
    return ImageSet(pool.pool.images[pool.rows], manifest, (UNLABELLED,))


def _image_set(raw: RawImages, hashes: Sequence[str]) -> ImageSet:
    manifest = make_manifest(raw.labels, raw.classes, hashes)
    if raw.groups is not None:
        manifest = manifest.assign(group=pd.array(raw.groups, dtype="str"))
    return ImageSet(raw.images, manifest, raw.classes)
