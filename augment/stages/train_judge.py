"""Train the CNN that judges synthetic images."""

from pathlib import Path

from augment.classifier import judging
from augment.core.container import read_image_set
from augment.core.provenance import require_made_by, require_same_origin
from augment.core.stage import stage
from augment.judge.judge import write_judge
from augment.runtime.machine import machine
from augment.runtime.runtime_spec import RuntimeSpec


@stage(runtime="runtime", seed="seed", makes=("judge",))
def train_judge(dataset: str, runtime: RuntimeSpec, seed: int, *, train: Path, val: Path, judge: Path) -> None:
    """Write the judge to ``judge``."""
    require_made_by(train, stage="prepare", dataset=dataset, seed=seed)
    require_same_origin(train, val)
    images, held_out = read_image_set(train), read_image_set(val)
    with machine(runtime) as where:
        trained = judging.train_judge(images, held_out, seed, judging.REAL_RUN, where, f"train_judge {dataset}")
        about = {"val_accuracy": trained.val_accuracy, "steps": trained.best_step, "machine": where.describe()}
        write_judge(judge, trained.network, images.classes, images.shape, about)
    print(f"train_judge {dataset}: val accuracy {trained.val_accuracy:.4f} after {trained.best_step} steps")
