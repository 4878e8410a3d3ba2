"""How much of what a merged set is worth depends on the training of its generator: GANs × classifiers, crossed.

    make repro
    python -m benchmarks.generator_variance --generators 5 --runs 5

The images and settings of the digits are those of the last run. Every GAN is trained as the pipeline trains it, by a
seed of its own, and fills every class up to the largest; classifiers of every run learn from the images of every GAN.
Printed is the accuracy on test, less that of the same run on real images; then the standard deviations, in points, of a
two-way analysis of variance with random effects: between generators, between runs, and of the rest (Searle et al.,
"Variance Components", 1992, chapter 4; estimates below zero are shown as 0).
"""

import argparse
from pathlib import Path

import numpy as np

from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import train_classifier
from augment.core.container import read_image_set
from augment.core.images import FloatArray, ImageSet, concatenate, first_rows, make_image_set
from augment.core.seeding import derive_seed, generator_seed
from augment.judge.judge import read_judge
from augment.merging.merge import additions
from augment.merging.mix_spec import MixSpec
from augment.runtime.machine import Machine, machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.seeding import torch_generator
from augment.runtime.side_by_side import side_by_side
from augment.settings import DatasetSpec, Settings, load_settings
from augment.synthesis.base.sampling import sample
from augment.synthesis.training.checkpoint import Checkpoint
from augment.synthesis.training.fitting import fit
from augment.synthesis.training.monitoring import make_monitor

DATASET, SYNTHESIZER = "digits", "gan"
TRAIN, VAL, TEST = (Path("data", DATASET, part) for part in ("train/real", "val", "test"))
MIX = MixSpec(synthesizer=SYNTHESIZER, fill="largest")


def filled(real: ImageSet, val: ImageSet, settings: Settings, number: int, where: Machine) -> ImageSet:
    """Train a generator and fill every class up to the largest."""
    spec: DatasetSpec = settings.datasets[DATASET]
    judge = read_judge(Path("models", DATASET, "judge"), real.classes, real.shape, where.device)
    monitor, seed = make_monitor(val, judge, settings.seed, where), generator_seed(settings.seed, number)
    what = f"generator {number + 1}"
    made = fit(
        real,
        spec.synthesizers[SYNTHESIZER],
        seed,
        where,
        what,
        Checkpoint(None, {}),
        monitor,
        lambda *_: None,
        number % 2,
    )
    labels = np.tile(np.arange(len(real.classes)), spec.synthesis.per_class)
    drawn = sample(made.synthesizer, labels, torch_generator(seed, "synthesis", DATASET, SYNTHESIZER), where)
    synthetic = make_image_set(drawn, labels, real.classes, generator_seed=derive_seed(seed, DATASET))
    return concatenate(real, synthetic.select(first_rows(labels, additions(real.class_counts(), MIX))))


def accuracies(
    train: ImageSet, val: ImageSet, test: ImageSet, settings: Settings, recipe: str, runs: int, where: Machine
) -> FloatArray:
    """Give the accuracy on test of each run, shape (R,)."""
    spec = settings.datasets[DATASET].classifier

    def accuracy(run: int, line: int) -> float:
        progress = Progress(f"{recipe} run {run + 1}", spec.max_steps, capped=True, line=line)
        made = train_classifier(
            train,
            val,
            spec,
            settings.arms.recipes[recipe],
            settings.seed,
            run,
            where,
            progress,
            settings.verdict.endpoint,
        )
        return float((predict_probabilities(made.network, test.images, where).argmax(1) == test.labels).mean())

    return np.asarray(side_by_side(accuracy, runs, where))


def components(table: FloatArray) -> dict[str, float]:
    """Split the variance of a table, generators × runs; give standard deviations."""
    generators, runs = table.shape
    rows, columns, grand = table.mean(1), table.mean(0), table.mean()
    rest = ((table - rows[:, None] - columns + grand) ** 2).sum() / ((generators - 1) * (runs - 1))
    of_generators = (rows.var(ddof=1) * runs - rest) / runs
    of_runs = (columns.var(ddof=1) * generators - rest) / generators
    found = {"generators": of_generators, "runs": of_runs, "rest": rest}
    return {name: float(max(variance, 0.0) ** 0.5) for name, variance in found.items()}


def main() -> None:
    """Train, and print a table a recipe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generators", type=int, default=5)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=["plain", "classical"])
    options = parser.parse_args()
    settings = load_settings(Path("params.yaml"))
    real, val, test = map(read_image_set, (TRAIN, VAL, TEST))
    with machine(RuntimeSpec(precision="fp32")) as where:
        sets = side_by_side(lambda number, _line: filled(real, val, settings, number, where), options.generators, where)
        for recipe in options.recipes:
            base, *rows = (
                accuracies(train, val, test, settings, recipe, options.runs, where) for train in (real, *sets)
            )
            table = 100 * (np.stack(rows) - base)
            print(
                f"{recipe}: points gained on real images; a row a generator, a column a run; mean {table.mean():+.2f}"
            )
            print(np.array2string(table, precision=1, suppress_small=True, floatmode="fixed"))
            print(", ".join(f"{name} {value:.2f}" for name, value in components(table).items()), flush=True)


if __name__ == "__main__":
    main()
