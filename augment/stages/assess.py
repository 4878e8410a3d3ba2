"""Judge a synthesizer's images against the val split."""

from pathlib import Path

from augment.assessment.assessment import Side, assess_generator
from augment.assessment.gate import GateSpec
from augment.assessment.pictures import beside_nearest, notice, real_beside_synthetic
from augment.assessment.unassessed import unassessed
from augment.classifier.judging import SYNTHETIC_RUN, train_judge
from augment.core.container import read_image_set
from augment.core.errors import LeftOutError, TrainingError
from augment.core.generators import for_run
from augment.core.images import ImageSet
from augment.core.provenance import require_made_by, require_same_origin
from augment.core.seeding import numpy_generator
from augment.core.stage import stage
from augment.core.store import write_csv, write_json, write_parquet, write_png
from augment.judge.judge import read_judge
from augment.quality.generator_quality import Judged
from augment.runtime.machine import Machine, machine
from augment.runtime.runtime_spec import RuntimeSpec


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
    """Write figures to ``quality`` and ``per_class``, one row an image to ``scores``, and the two pictures.

    Where there are no images, or too few to judge them by, the figures say why, and so do the pictures.
    """
    require_made_by(train, stage="prepare", dataset=dataset, seed=seed)
    require_same_origin(train, val)
    real, held_out = read_image_set(train), read_image_set(val)
    try:
        require_made_by(synthetic, stage="synthesize", dataset=dataset, synthesizer=synthesizer, seed=seed)
        fake = read_image_set(synthetic)
        with machine(runtime) as where:
            network = read_judge(judge, real.classes, real.shape, where.device)

            def seen(images: ImageSet) -> Side:
                of_images, probabilities = network(images.images)
                return Side(images, Judged(of_images, images.labels, probabilities))

            rng = numpy_generator(seed, "assess", dataset, synthesizer)
            found = assess_generator(seen(real), seen(held_out), seen(fake), gate, rng)
            what_they_teach = _taught(for_run(fake, 0), real, held_out, seed, where, f"assess {dataset} {synthesizer}")
    except LeftOutError as left_out:
        nothing = unassessed(left_out.reasons, len(real.classes))
        write_json(quality, nothing.figures)
        write_csv(per_class, nothing.per_class)
        write_parquet(scores, nothing.scores)
        for picture in (grid, nearest_train):
            write_png(picture, notice(f"{synthesizer}: not assessed, see {quality.name}"))
        print(f"assess {dataset} {synthesizer}: left out, as it cannot be made of these data:\n{left_out}")
        return
    write_json(quality, found.figures | {"classification_accuracy_score": what_they_teach})
    write_csv(per_class, found.per_class)
    write_parquet(scores, found.scores)
    write_png(grid, real_beside_synthetic(real, fake))
    write_png(nearest_train, beside_nearest(fake, real, found.neighbours))
    print("\n".join([f"assess {dataset} {synthesizer}: {_summary(found.figures)}", *found.figures["failures"]]))


def _taught(fake: ImageSet, real: ImageSet, held_out: ImageSet, seed: int, where: Machine, what: str) -> float | None:
    """Give the accuracy on val of a classifier that saw synthetic images alone; None where its training diverged."""
    try:
        return round(train_judge(fake, held_out, seed, SYNTHETIC_RUN, where, what, len(real)).val_accuracy, 6)
    except TrainingError as error:
        print(f"{what}: a classifier cannot be trained on these images: {error}")
        return None


def _summary(figures: dict[str, float]) -> str:
    fidelity, distance = figures["label_fidelity"], figures["frechet_distance"]
    return f"label fidelity {fidelity:.3f}, Fréchet {distance:.2f}, {figures['failed_checks']} failed checks"
