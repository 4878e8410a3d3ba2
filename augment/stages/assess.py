"""Judge synthetic images against the val split."""

from pathlib import Path

from augment.classifier.files import read_classifiers
from augment.classifier.prediction import extract_features, predict_probabilities
from augment.core.images import ImageSet
from augment.core.seeding import numpy_generator
from augment.core.stage import stage
from augment.core.store import read_image_set, write_csv, write_json, write_png
from augment.evaluation.assessment import Side, assess_generator
from augment.evaluation.generator_quality import Judged
from augment.evaluation.pictures import beside_nearest, real_beside_synthetic
from augment.evaluation.specs import GateSpec
from augment.runtime.machine import machine
from augment.runtime.specs import RuntimeSpec


@stage(runtime="runtime", seed="seed")
def assess(
    dataset: str,
    runtime: RuntimeSpec,
    seed: int,
    *,
    train: Path,
    synthetic: Path,
    val: Path,
    features: Path,
    quality: Path,
    per_class: Path,
    grid: Path,
    nearest_train: Path,
) -> None:
    """Write the figures to ``quality`` and ``per_class``, pictures to ``grid`` and ``nearest_train``."""
    real, held_out, fake = (read_image_set(path) for path in (train, val, synthetic))
    with machine(runtime) as where:
        judge = read_classifiers(features, real.classes, real.shape)[0].network.to(where.device)

        def judged(images: ImageSet) -> Judged:
            seen = extract_features(judge, images.images, where), predict_probabilities(judge, images.images, where)
            return Judged(seen[0], images.labels, seen[1])

        of_train, of_val, of_synthetic = (Side(images, judged(images)) for images in (real, held_out, fake))
    found = assess_generator(of_train, of_val, of_synthetic, GateSpec(), numpy_generator(seed, "assess", dataset))
    write_json(quality, found.figures)
    write_csv(per_class, found.per_class)
    write_png(grid, real_beside_synthetic(real, fake))
    write_png(nearest_train, beside_nearest(fake, real, found.neighbours))
    print("\n".join([f"assess {dataset}: {_summary(found.figures)}", *found.figures["failures"]]))


def _summary(figures: dict[str, float]) -> str:
    fidelity, distance = figures["label_fidelity"], figures["frechet_distance"]
    return f"label fidelity {fidelity:.3f}, Fréchet {distance:.2f}, {figures['failed_checks']} failed checks"
