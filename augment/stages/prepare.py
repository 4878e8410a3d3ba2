"""Load, validate, deduplicate and split a dataset; thin its train split."""

from itertools import combinations
from pathlib import Path

import pandas as pd

from augment.core.images import ImageSet, make_image_set, require_disjoint
from augment.core.stage import stage
from augment.core.store import write_image_set
from augment.datasets.sources import RawImages, load_raw
from augment.datasets.specs import ScarcitySpec, SourceSpec, SplitSpec
from augment.datasets.splits import split_rows, thin
from augment.datasets.validation import distinct_rows, validate


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
) -> None:
    """Write the containers ``train``, ``val`` and ``test``."""
    everything = load_raw(source, raw)
    validate(everything, dataset)
    distinct = everything.select(distinct_rows(everything))
    rows = split_rows(distinct, split, seed)
    train_rows = thin(rows.train, distinct.labels, distinct.classes, scarcity, seed)
    made_by = {
        "stage": "prepare",
        "dataset": dataset,
        "seed": seed,
        "source": source.model_dump(),
        "split": split.model_dump(),
        "scarcity": scarcity.model_dump(),
        "duplicates_dropped": len(everything.labels) - len(distinct.labels),
    }
    parts = {
        path: _image_set(distinct.select(part))
        for path, part in ((train, train_rows), (val, rows.val), (test, rows.test))
    }
    for one, other in combinations(parts, 2):
        require_disjoint(parts[one], parts[other], f"{one} and {other}")
    for path, images in parts.items():
        write_image_set(path, images, made_by)
    print(
        f"prepare {dataset}: {len(train_rows)} train, {len(rows.val)} val, {len(rows.test)} test images; "
        f"{made_by['duplicates_dropped']} duplicates dropped"
    )


def _image_set(raw: RawImages) -> ImageSet:
    made = make_image_set(raw.images, raw.labels, raw.classes)
    if raw.groups is None:
        return made
    return ImageSet(made.images, made.manifest.assign(group=pd.array(raw.groups, dtype="str")), made.classes)
