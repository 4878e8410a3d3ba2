"""Load, validate, deduplicate and split a dataset; thin its train split; account for every file."""

from itertools import combinations
from pathlib import Path

import pandas as pd

from augment.core.container import write_images
from augment.core.errors import DataError
from augment.core.images import make_manifest, require_no_common
from augment.core.provenance import described
from augment.core.stage import stage
from augment.core.store import write_json
from augment.core.text import counted
from augment.datasets.account import account, lines, lost
from augment.datasets.checks import distinct, validate
from augment.datasets.question import question
from augment.datasets.raw import SourceSpec
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
    files: Path,
) -> None:
    """Write the containers ``train``, ``val`` and ``test``, and to ``files`` what became of every file and image."""
    everything = source.load(raw)
    validate(everything, dataset, source.image_shape)
    found = distinct(everything)
    try:
        rows = split_rows(everything, split, seed, found.rows)
        rows, train_rows = scarce(everything, rows, scarcity, seed)
    except DataError as error:
        raise DataError("\n  ".join([str(error), *lost(everything, found)])) from error
    told = account(everything, found, rows, train_rows, seed, split.together())
    settings = described(stage="prepare", dataset=dataset, seed=seed, source=source, split=split, scarcity=scarcity)
    parts = {train: train_rows, val: rows.val, test: rows.test}
    for one, other in combinations(parts, 2):
        require_no_common(found.hashes[parts[one]], found.hashes[parts[other]], f"{one} and {other}")
    for path, part in parts.items():
        manifest = make_manifest(everything.labels[part], everything.classes, found.hashes[part])
        if everything.groups is not None:
            manifest["group"] = pd.array(everything.groups[part], dtype="str")
        write_images(path, [(everything.images, part)], manifest, everything.classes, settings)
    write_json(files, {"made_by": settings, "shape": list(source.image_shape), **told._asdict()})
    dropped = len(everything.labels) - len(found.rows)
    print(
        f"prepare {dataset}: {len(train_rows)} train, {len(rows.val)} val, {len(rows.test)} test images; "
        f"{counted(dropped, 'duplicate')} dropped"
    )
    print(f"prepare {dataset}: the test split asks: {question(split)}")
    for line in lines(told.notes, told.warnings):
        print(f"prepare {dataset}: {line}")
