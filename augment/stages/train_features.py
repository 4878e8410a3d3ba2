"""Train the CNN that judges synthetic images."""

from pathlib import Path

from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.classifier.training import train_classifier
from augment.core.stage import stage
from augment.core.store import read_image_set
from augment.runtime.judge import write_judge
from augment.runtime.machine import machine
from augment.runtime.progress import Progress
from augment.runtime.specs import RuntimeSpec

JUDGE = ClassifierSpec(max_steps=1500)
RECIPE = RecipeSpec(transforms="mild", sampling="balanced")
"""A judge should know every class equally well. It is no arm, and follows no settings of arms or their classifier: a
change to those would train every synthesizer again."""


@stage(runtime="runtime", seed="seed")
def train_features(dataset: str, runtime: RuntimeSpec, seed: int, *, train: Path, val: Path, features: Path) -> None:
    """Write the judge to ``features``."""
    with machine(runtime) as where:
        progress = Progress(f"train_features {dataset}", JUDGE.max_steps)
        images = read_image_set(train)
        trained = train_classifier(images, read_image_set(val), JUDGE, RECIPE, seed, 0, where, progress)
        about = {"val_accuracy": trained.val_accuracy, "steps": trained.best_step, "machine": where.describe()}
        write_judge(features, trained.network, images.classes, images.shape, about)
    print(f"train_features {dataset}: val accuracy {trained.val_accuracy:.4f} after {trained.best_step} steps")
