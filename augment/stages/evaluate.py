"""Predict the test split with the classifiers of every arm. The only stage that reads test."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from augment.classifier.files import read_classifiers
from augment.classifier.prediction import predict_probabilities
from augment.core.images import require_disjoint
from augment.core.stage import stage
from augment.core.store import read_image_set, whole, write_csv, write_json, write_parquet
from augment.evaluation.predictions import Predictions
from augment.runtime.machine import machine
from augment.runtime.specs import RuntimeSpec


@stage(runtime="runtime", train_sets="arms.train_sets", recipes="arms.recipes")
def evaluate(
    dataset: str,
    runtime: RuntimeSpec,
    train_sets: Sequence[str],
    recipes: Mapping[str, Any],
    *,
    train: str,
    test: Path,
    classifier: str,
    predictions: Path,
    metrics: Path,
    confusion: Path,
) -> None:
    """Write a file an arm: probabilities to ``predictions``, scores to ``metrics``, class pairs to ``confusion``.

    ``train`` and ``classifier`` are path patterns with ``{train_set}`` and ``{recipe}`` in them. Of what an arm was
    trained on, the images of each class are counted: they say which classes are rare.
    """
    images = read_image_set(test)
    with (
        machine(runtime) as where,
        whole(predictions) as to_predictions,
        whole(metrics) as to_metrics,
        whole(confusion) as to_confusion,
    ):
        for train_set, recipe in product(train_sets, recipes):
            taught = read_image_set(Path(train.format(train_set=train_set)))
            require_disjoint(taught, images, f"{train.format(train_set=train_set)} and {test}")
            folder = Path(classifier.format(train_set=train_set, recipe=recipe))
            runs = read_classifiers(folder, images.classes, images.shape)
            said = [predict_probabilities(run.network.to(where.device), images.images, where) for run in runs]
            result = Predictions.of(images, said)
            scores = result.metrics() | {
                "train_counts": taught.class_counts().tolist(),
                "val_accuracy": [run.val_accuracy for run in runs],
                "steps": [run.steps for run in runs],
                "converged": sum(run.converged for run in runs),
            }
            write_parquet(to_predictions / f"{train_set}-{recipe}.parquet", result.to_frame())
            write_json(to_metrics / f"{train_set}-{recipe}.json", scores)
            write_csv(to_confusion / f"{train_set}-{recipe}.csv", result.confusion())
            accuracy = scores["accuracy"]
            print(f"evaluate {dataset} {train_set}/{recipe}: accuracy {accuracy['mean']:.4f} ± {accuracy['std']:.4f}")
