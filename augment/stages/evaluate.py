"""Predict the test split with the classifiers of one arm. The only stage that reads test."""

from pathlib import Path

from augment.classifier.files import read_classifiers
from augment.classifier.prediction import predict_probabilities
from augment.core.stage import stage
from augment.core.store import read_image_set, write_csv, write_json, write_parquet
from augment.evaluation.predictions import Predictions
from augment.runtime.machine import machine
from augment.runtime.specs import RuntimeSpec


@stage(runtime="runtime")
def evaluate(
    dataset: str,
    train_set: str,
    recipe: str,
    runtime: RuntimeSpec,
    *,
    train: Path,
    test: Path,
    classifier: Path,
    predictions: Path,
    metrics: Path,
    confusion: Path,
) -> None:
    """Write probabilities to ``predictions``, scores to ``metrics`` and class pairs to ``confusion``.

    Of ``train``, what the arm was trained on, the images of each class are counted: they say which classes are rare.
    """
    images = read_image_set(test)
    runs = read_classifiers(classifier, images.classes, images.shape)
    with machine(runtime) as where:
        said = [predict_probabilities(run.network.to(where.device), images.images, where) for run in runs]
    result = Predictions.of(images, said)
    scores = result.metrics() | {
        "train_counts": read_image_set(train).class_counts().tolist(),
        "val_accuracy": [run.val_accuracy for run in runs],
        "steps": [run.steps for run in runs],
        "converged": sum(run.converged for run in runs),
    }
    write_parquet(predictions, result.to_frame())
    write_json(metrics, scores)
    write_csv(confusion, result.confusion())
    accuracy = scores["accuracy"]
    print(f"evaluate {dataset} {train_set}/{recipe}: accuracy {accuracy['mean']:.4f} ± {accuracy['std']:.4f}")
