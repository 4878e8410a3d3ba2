"""Judge a synthesizer's images against the val split."""

from pathlib import Path

from augment.assessment.assessment import Side, assess_generator
from augment.assessment.gate import GateSpec
from augment.assessment.pictures import beside_nearest, real_beside_synthetic
from augment.classifier.judging import SYNTHETIC_RUN, train_judge
from augment.core.images import ImageSet
from augment.core.seeding import numpy_generator
from augment.core.stage import stage
from augment.core.store import read_image_set, write_csv, write_json, write_parquet, write_png
from augment.judge.judge import read_judge
from augment.quality.generator_quality import Judged
from augment.runtime.machine import machine
from augment.runtime.specs import RuntimeSpec


@stage(gate="gate", runtime="runtime", seed="seed")
def assess(
    dataset: str,
    synthesizer: str,
    gate: GateSpec,
    runtime: RuntimeSpec,
    seed: int,
    *,
    train: Path,
    synthetic: Path,
    val: Path,
    judge: Path,
    quality: Path,
    per_class: Path,
    scores: Path,
    grid: Path,
    nearest_train: Path,
) -> None:
    """Write figures to ``quality`` and ``per_class``, one row an image to ``scores``, and the two pictures."""
    real, held_out, fake = (read_image_set(path) for path in (train, val, synthetic))
    with machine(runtime) as where:
        network = read_judge(judge, real.classes, real.shape, where.device)

        def seen(images: ImageSet) -> Side:
            of_images, probabilities = network(images.images)
            return Side(images, Judged(of_images, images.labels, probabilities))

        train_side, val_side, fake_side = seen(real), seen(held_out), seen(fake)
        taught = train_judge(fake, held_out, seed, SYNTHETIC_RUN, where, f"assess {dataset} {synthesizer}", len(real))
    found = assess_generator(
        train_side, val_side, fake_side, gate, numpy_generator(seed, "assess", dataset, synthesizer)
    )
    write_json(quality, found.figures | {"classification_accuracy_score": round(taught.val_accuracy, 6)})
    write_csv(per_class, found.per_class)
    write_parquet(scores, found.scores)
    write_png(grid, real_beside_synthetic(real, fake))
    write_png(nearest_train, beside_nearest(fake, real, found.neighbours))
    print("\n".join([f"assess {dataset} {synthesizer}: {_summary(found.figures)}", *found.figures["failures"]]))


def _summary(figures: dict[str, float]) -> str:
    fidelity, distance = figures["label_fidelity"], figures["frechet_distance"]
    return f"label fidelity {fidelity:.3f}, Fréchet {distance:.2f}, {figures['failed_checks']} failed checks"
