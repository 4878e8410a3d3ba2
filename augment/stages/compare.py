"""Compare all arms of all datasets: table, intervals, verdict."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from augment.core.stage import stage
from augment.core.store import read_json, read_parquet, whole, write_json, write_text
from augment.evaluation.comparison import Arm
from augment.evaluation.comparison import compare as compare_arms
from augment.evaluation.predictions import Predictions
from augment.evaluation.report import accuracy_figure, markdown
from augment.merging.specs import REAL, MixSpec


@stage(
    datasets="datasets",
    synthesizers="synthesizers",
    mixes="mixes",
    auto_mixes="auto_mixes",
    train_sets="arms.train_sets",
    recipes="arms.recipes",
)
def compare(
    datasets: Mapping[str, Any],
    synthesizers: Sequence[str],
    mixes: Mapping[str, MixSpec],
    auto_mixes: Sequence[str],
    train_sets: Sequence[str],
    recipes: Mapping[str, Any],
    *,
    predictions: str,
    arm_metrics: str,
    quality: str,
    metrics: Path,
    verdicts: Path,
    table: Path,
    accuracy: Path,
) -> None:
    """Write the comparison: a metrics file an arm, the verdicts, a Markdown table, a picture.

    ``predictions``, ``arm_metrics`` and ``quality`` are path patterns with ``{dataset}``, ``{train_set}``, ``{recipe}``
    and ``{synthesizer}`` in them: the results folder may hold arms that are no longer in ``params.yaml``.
    """
    # The comparison asks only whether none, some or all images of a training set are synthetic.
    some = dict.fromkeys((*mixes, *auto_mixes), 0.5)
    shares = {REAL: 0.0} | some | {name: 1.0 for name, mix in mixes.items() if mix.synthetic_only}
    comparisons = {
        dataset: compare_arms(
            [
                _read_arm(predictions, arm_metrics, shares[train_set], (dataset, train_set, recipe))
                for train_set, recipe in product(train_sets, recipes)
            ]
        )
        for dataset in datasets
    }
    qualities = {
        dataset: {name: read_json(Path(quality.format(dataset=dataset, synthesizer=name))) for name in synthesizers}
        for dataset in datasets
    }
    with whole(metrics) as draft:
        for dataset, comparison in comparisons.items():
            for arm in comparison.arms:
                write_json(draft / dataset / f"{arm.train_set}-{arm.recipe}.json", comparison.metrics(arm))
    write_json(verdicts, {dataset: comparison.to_json() for dataset, comparison in comparisons.items()})
    write_text(table, markdown(comparisons, qualities))
    with whole(accuracy) as draft:
        accuracy_figure(comparisons).savefig(draft, format="png", dpi=120, metadata={"Software": None})


def _read_arm(predictions: str, arm_metrics: str, share: float, coordinates: tuple[str, str, str]) -> Arm:
    dataset, train_set, recipe = coordinates
    names = {"dataset": dataset, "train_set": train_set, "recipe": recipe}
    path = Path(predictions.format(**names))
    scores = read_json(Path(arm_metrics.format(**names)))
    said = Predictions.from_frame(read_parquet(path), str(path))
    return Arm(train_set, recipe, share, np.asarray(scores["val_accuracy"], dtype=np.float64), said)
