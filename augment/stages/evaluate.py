"""Predict the test split with the classifiers of every arm. The only stage that reads test."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from augment.classifier.files import read_classifiers
from augment.classifier.prediction import predict_probabilities
from augment.core.images import require_disjoint
from augment.core.paths import PathPattern
from augment.core.stage import stage
from augment.core.store import read_image_set, write_csv, write_json, write_parquet
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
    train: PathPattern,
    test: Path,
    classifier: PathPattern,
    predictions: PathPattern,
    metrics: PathPattern,
    confusion: PathPattern,
) -> None:
    """Write a file an arm: probabilities to ``predictions``, scores to ``metrics``, class pairs to ``confusion``.

    All paths but ``test`` have the blanks ``{train_set}`` and ``{recipe}``. Of what an arm was trained on,
    the images of each class are counted, which says what is rare, and the synthetic ones: a mix may have added none.
    """
    images = read_image_set(test)
    with machine(runtime) as where:
        for train_set, recipe in product(train_sets, recipes):
            arm = {"train_set": train_set, "recipe": recipe}
            taught = read_image_set(train.at(**arm))
            require_disjoint(taught, images, f"{train.at(**arm)} and {test}")
            runs = read_classifiers(classifier.at(**arm), images.classes, images.shape)
            said = [predict_probabilities(run.network.to(where.device), images.images, where) for run in runs]
            result = Predictions.of(images, said)
            scores = result.metrics() | {
                "train_counts": taught.class_counts().tolist(),
                "synthetic_images": int((taught.manifest["origin"] == "synthetic").sum()),
                "val_accuracy": [run.val_accuracy for run in runs],
                "steps": [run.steps for run in runs],
                "converged": sum(run.converged for run in runs),
            }
            write_parquet(predictions.at(**arm), result.to_frame())
            write_json(metrics.at(**arm), scores)
            write_csv(confusion.at(**arm), result.confusion())
            accuracy = scores["accuracy"]
            print(f"evaluate {dataset} {train_set}/{recipe}: accuracy {accuracy['mean']:.4f} ± {accuracy['std']:.4f}")
