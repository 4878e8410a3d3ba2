"""Compare all arms of all datasets: table, intervals, verdict."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from augment.core.paths import PathPattern
from augment.core.stage import stage
from augment.core.store import read_json, read_parquet, whole, write_csv, write_json, write_text
from augment.evaluation import tables, verdict
from augment.evaluation.arms import Arm, Kind
from augment.evaluation.comparison import Comparison
from augment.evaluation.comparison import compare as compare_arms
from augment.evaluation.predictions import Predictions
from augment.evaluation.summary import accuracy_figure, markdown
from augment.merging.specs import AutoMixSpec, MixSpec


@stage(
    seed="seed",
    datasets="datasets",
    synthesizers="synthesizers",
    mixes="mixes",
    auto_mixes="auto_mixes",
    train_sets="arms.train_sets",
    recipes="arms.recipes",
)
def compare(
    seed: int,
    datasets: Mapping[str, Any],
    synthesizers: Mapping[str, Sequence[str]],
    mixes: Mapping[str, MixSpec],
    auto_mixes: Mapping[str, AutoMixSpec],
    train_sets: Sequence[str],
    recipes: Mapping[str, Any],
    *,
    predictions: PathPattern,
    arm_metrics: PathPattern,
    quality: PathPattern,
    metrics: Path,
    verdicts: Path,
    table: Path,
    arms: Path,
    recall: Path,
    accuracy: Path,
) -> None:
    """Write a verdict a dataset, a table, a picture; few figures an arm to ``metrics``, all to ``arms`` and ``recall``.

    ``predictions``, ``arm_metrics`` and ``quality`` have the blanks ``{dataset}``, ``{train_set}``, ``{recipe}`` and
    ``{synthesizer}``: the results folder may hold arms that are no longer in ``params.yaml``.
    """
    names = [name for family in synthesizers.values() for name in family]
    known: dict[str, MixSpec | AutoMixSpec] = {**mixes, **auto_mixes}
    found: dict[str, Comparison] = {}
    for dataset in datasets:
        paths = predictions.within(dataset=dataset), arm_metrics.within(dataset=dataset)
        pairs = product(train_sets, recipes)
        found[dataset] = compare_arms([_read_arm(*pair, known.get(pair[0]), *paths) for pair in pairs], seed)
    qualities = {
        dataset: {name: read_json(quality.at(dataset=dataset, synthesizer=name)) for name in names}
        for dataset in datasets
    }
    with (
        whole(metrics) as to_metrics,
        whole(verdicts) as to_verdicts,
        whole(arms) as to_arms,
        whole(recall) as to_recall,
    ):
        for dataset, comparison in found.items():
            for arm in comparison.arms:
                write_json(to_metrics / dataset / f"{arm.train_set}-{arm.recipe}.json", tables.metrics(comparison, arm))
            write_json(to_verdicts / f"{dataset}.json", verdict.to_json(comparison, qualities[dataset]))
            write_csv(to_arms / f"{dataset}.csv", tables.arm_table(comparison))
            write_csv(to_recall / f"{dataset}.csv", tables.recall_rows(comparison))
    write_text(table, markdown(found, qualities))
    with whole(accuracy) as draft:
        accuracy_figure(found).savefig(draft, format="png", dpi=120, metadata={"Software": None})
    print("\n".join(f"compare {name}: {verdict.sentence(comparison)}" for name, comparison in found.items()))


def _read_arm(
    train_set: str,
    recipe: str,
    mix: MixSpec | AutoMixSpec | None,
    predictions: PathPattern,
    metrics: PathPattern,
) -> Arm:
    path, scores = (name.at(train_set=train_set, recipe=recipe) for name in (predictions, metrics))
    said, went = Predictions.from_frame(read_parquet(path), str(path)), read_json(scores)
    val_accuracy, train_counts = np.asarray(went["val_accuracy"]), np.asarray(went["train_counts"])
    synthesizer = mix.synthesizer if mix else None
    kind, cut_off = _kind(mix, went["synthetic_images"]), len(val_accuracy) - went["converged"]
    return Arm(train_set, recipe, kind, val_accuracy, said, train_counts, synthesizer, cut_off)


def _kind(mix: MixSpec | AutoMixSpec | None, synthetic_images: int) -> Kind:
    if mix is None or not synthetic_images:  # a share chosen on val may be 0, and equal classes are full as they are
        return Kind.REAL
    if isinstance(mix, AutoMixSpec):
        return Kind.MERGED
    if mix.control:
        return Kind.CONTROL
    return Kind.SYNTHETIC if mix.synthetic_only else Kind.MERGED
