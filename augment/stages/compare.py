"""Compare the arms of a dataset: estimates, tests, verdict."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from augment.comparison.arms import Arm
from augment.comparison.assembly import assemble, assemble_nothing
from augment.comparison.comparison import compare as compare_arms
from augment.comparison.left_out import MissingArm, left_out
from augment.comparison.subgroups import RECALL_COLUMNS, recall_table
from augment.core.cells import Cells
from augment.core.endpoints import VerdictSpec
from augment.core.paths import PathPattern
from augment.core.records import read_record, write_record
from augment.core.stage import stage
from augment.core.store import read_json, read_parquet, write_csv
from augment.datasets.split_spec import SplitSpec
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.evaluation.trainings import Untrained, read_trainings
from augment.merging.mix_spec import AutoMixSpec, MixSpec
from augment.results.kinds import ArmKind


@stage(
    seed="seed",
    verdict="verdict",
    split="datasets.{dataset}.split",
    synthesizers="synthesizers",
    mixes="mixes",
    auto_mixes="auto_mixes",
    tuned="tuned",
    train_sets="arms.train_sets",
    recipes="arms.recipes",
)
def compare(
    dataset: str,
    seed: int,
    verdict: VerdictSpec,
    split: SplitSpec,
    synthesizers: Mapping[str, Sequence[str]],
    mixes: Mapping[str, MixSpec],
    auto_mixes: Mapping[str, AutoMixSpec],
    tuned: Mapping[str, Mapping[str, int]],
    train_sets: Sequence[str],
    recipes: Mapping[str, Any],
    *,
    truth: Path,
    predictions: PathPattern,
    metrics: PathPattern,
    quality: PathPattern,
    result: Path,
    recall: Path,
) -> None:
    """Write the record of the dataset to ``result``, and the recall of every arm on parts of test to ``recall``.

    ``predictions``, ``metrics`` and ``quality`` have the blanks ``{train_set}``, ``{recipe}`` and ``{synthesizer}``:
    the results folder may hold arms that are no longer in ``params.yaml``. The comparison goes on without what could
    not be made, and the record says so. Where ``split`` keeps groups apart, they are the unit of the intervals.
    """
    names = [name for family in synthesizers.values() for name in family]
    known: dict[str, MixSpec | AutoMixSpec] = {**mixes, **auto_mixes}
    images = read_record(GroundTruth, truth)
    found = [
        _read_arm(train_set, recipe, known.get(train_set), images, predictions, metrics)
        for train_set, recipe in product(train_sets, recipes)
    ]
    arms = [arm for arm in found if isinstance(arm, Arm)]
    missing = [arm for arm in found if isinstance(arm, MissingArm)]
    judged = {name: read_json(quality.at(synthesizer=name)) for name in names}
    without = left_out(judged, arms, missing)
    if any(arm.kind is ArmKind.REAL for arm in arms):
        units = images.group_numbers() if split.tests_new_groups() else None
        comparison = compare_arms(arms, seed, verdict.endpoint, units)
        table = recall_table(comparison.arms, comparison.baselines, comparison.reference, units)
        written = assemble(dataset, comparison, judged, without, tuned.get(dataset, {}))
    else:
        table = pd.DataFrame(columns=RECALL_COLUMNS)
        written = assemble_nothing(dataset, images, judged, without)
    write_record(result, written)
    write_csv(recall, table.round(6))
    print(f"compare {dataset}: {written.verdict}")


def _read_arm(
    train_set: str,
    recipe: str,
    mix: MixSpec | AutoMixSpec | None,
    truth: GroundTruth,
    predictions: PathPattern,
    metrics: PathPattern,
) -> Arm | MissingArm:
    path, went = predictions.at(train_set=train_set, recipe=recipe), metrics.at(train_set=train_set, recipe=recipe)
    synthesizer, trainings = mix.synthesizer if mix else None, read_trainings(went)
    if isinstance(trainings, Untrained):
        return MissingArm(train_set, recipe, synthesizer, trainings.left_out)
    return Arm(
        train_set=train_set,
        recipe=recipe,
        kind=_kind(mix, trainings.synthetic_images),
        val_accuracy=np.asarray(trainings.val_accuracy),
        predictions=Predictions.from_frame(read_parquet(path), truth, str(path)),
        train_counts=np.asarray(trainings.train_counts),
        synthesizer=synthesizer,
        cut_off=trainings.cut_off,
        val_endpoint=None if trainings.val_endpoint is None else np.asarray(trainings.val_endpoint),
        generators=trainings.generators,
        train_cells=Cells.from_groups(truth.classes, trainings.train_cells) if trainings.train_cells else None,
    )


def _kind(mix: MixSpec | AutoMixSpec | None, synthetic_images: int) -> ArmKind:
    if mix is None:
        return ArmKind.REAL
    if not synthetic_images:  # a share chosen on val may be 0, and equal classes are full as they are
        return ArmKind.EMPTY_MIX
    if isinstance(mix, AutoMixSpec):
        return ArmKind.MERGED
    if mix.control:
        return ArmKind.CONTROL
    return ArmKind.SYNTHETIC if mix.synthetic_only else ArmKind.MERGED
