"""Train the CNN that judges synthetic images."""

from pathlib import Path

from augment.classifier.judging import REAL_RUN, train_judge
from augment.core.stage import stage
from augment.core.store import read_image_set
from augment.runtime.judge import write_judge
from augment.runtime.machine import machine
from augment.runtime.specs import RuntimeSpec


@stage(runtime="runtime", seed="seed")
def train_features(dataset: str, runtime: RuntimeSpec, seed: int, *, train: Path, val: Path, features: Path) -> None:
    """Write the judge to ``features``."""
    images, held_out = read_image_set(train), read_image_set(val)
    with machine(runtime) as where:
        trained = train_judge(images, held_out, seed, REAL_RUN, where, f"train_features {dataset}")
        about = {"val_accuracy": trained.val_accuracy, "steps": trained.best_step, "machine": where.describe()}
        write_judge(features, trained.network, images.classes, images.shape, about)
    print(f"train_features {dataset}: val accuracy {trained.val_accuracy:.4f} after {trained.best_step} steps")
