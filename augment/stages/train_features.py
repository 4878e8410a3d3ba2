"""Train the CNN that judges synthetic images."""

from pathlib import Path

from augment.classifier.files import write_classifiers
from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.classifier.training import train_classifier
from augment.core.stage import stage
from augment.core.store import read_image_set
from augment.runtime.machine import machine
from augment.runtime.progress import Progress
from augment.runtime.specs import RuntimeSpec

JUDGE_RECIPE = RecipeSpec(transforms="mild", sampling="balanced")
"""A judge should know every class equally well; this is no arm, so it does not follow the arms' recipes."""


@stage(spec="datasets.{dataset}.classifier", runtime="runtime", seed="seed")
def train_features(
    dataset: str,
    spec: ClassifierSpec,
    runtime: RuntimeSpec,
    seed: int,
    *,
    train: Path,
    val: Path,
    features: Path,
) -> None:
    """Write the judge to ``features``."""
    with machine(runtime) as where:
        progress = Progress(f"train_features {dataset}", spec.max_steps)
        images = read_image_set(train)
        trained = train_classifier(images, read_image_set(val), spec, JUDGE_RECIPE, seed, 0, where, progress)
        write_classifiers(features, [trained], images, spec, where)
    print(f"train_features {dataset}: val accuracy {trained.val_accuracy:.4f} after {trained.best_step} steps")
