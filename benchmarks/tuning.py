"""What a search of recipes finds: TPE beside random search, both beside the best of the recipes of params.yaml.

    python -m benchmarks.tuning --budget 15m --fashion-mnist FOLDER_WITH_THE_IDX_FILES
    python -m benchmarks.tuning --budget 5m --datasets digits --seeds 1

For each dataset and seed, which draws other splits, too: a clone, its train and val images, and in it `python -m
augment tune` by each sampler, in the given time each. What it found, if anything was better on val than the present
recipes, is trained anew beside these, by other seeds; the better on val is tested. Printed is the accuracy on test, in
percent, and at the end what was gained over the present recipes, mean ± standard deviation over seeds.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import train_classifier
from augment.core.container import read_image_set
from augment.core.images import ImageSet
from augment.runtime.machine import Machine, machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.side_by_side import side_by_side
from augment.settings import load_settings
from augment.tuning.trials import tried

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLERS = ("tpe", "random")
PRESENT = "present"
ANEW = 1_000_000
"""Added to the seed for trainings after the search: those by which it chose were lucky ones."""

FASHION: dict[str, Any] = {
    "source": {"kind": "torchvision", "name": "FashionMNIST"},
    "split": {"val": 500, "test": {"official": 2000}},
    "classifier": {"batch_size": 32, "learning_rate": 4e-3, "max_steps": 2500, "eval_every": 50, "flips": True},
}
DATASETS: dict[str, dict[str, Any]] = {
    "digits": {},
    "fashion_20": FASHION | {"scarcity": {"kind": "per_class", "count": 20}},
    "fashion_100": FASHION | {"scarcity": {"kind": "per_class", "count": 100}},
}
"""Dataset → its block, where it is another than in params.yaml."""


def workspace(folder: Path, name: str, seed: int, fashion_mnist: Path | None) -> Path:
    """Clone the project, for one dataset and seed, and make its splits."""
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, folder], check=True)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params |= {"seed": seed, "datasets": {name: params["datasets"]["digits"] | DATASETS[name]}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    if DATASETS[name]:
        if fashion_mnist is None:
            sys.exit(f"expected --fashion-mnist: {name} is of its images")
        (folder / "raw" / name).symlink_to(fashion_mnist.resolve())
    repro = [sys.executable, "-m", "dvc", "repro", "--single-item", "--force", f"prepare@{name}"]
    subprocess.run(repro, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return folder


def found(folder: Path, name: str, sampler: str, budget: str) -> tuple[RecipeSpec | None, int]:
    """Search; give the recipe that was found, if any was better, and how many were tried."""
    file, searches = folder / "params.yaml", folder / "scratch" / "tune"
    before = file.read_text()
    shutil.rmtree(searches, ignore_errors=True)
    words = ["tune", name, "--what", "recipe", "--sampler", sampler, "--budget", budget, "--write"]
    subprocess.run([sys.executable, "-m", "augment", *words], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    recipe = load_settings(file).arms.recipes.get(f"tuned_{name}")
    file.write_text(before)
    return recipe, tried(searches / name / "recipe" / "journal.log")


def accuracies(
    parts: tuple[ImageSet, ...], spec: ClassifierSpec, recipe: RecipeSpec, seed: int, runs: int, where: Machine
) -> tuple[float, float]:
    """Train some classifiers; give their mean accuracies on val and on test, in percent."""
    train, val, test = parts

    def figures(run: int, line: int) -> list[float]:
        progress = Progress(f"run {run + 1}", spec.max_steps, capped=True, line=line)
        made = train_classifier(train, val, spec, recipe, seed, run, where, progress, "accuracy")
        return [
            float((predict_probabilities(made.network, part.images, where).argmax(1) == part.labels).mean())
            for part in (val, test)
        ]

    of_val, of_test = 100 * np.mean(side_by_side(figures, runs, where), axis=0)
    return float(of_val), float(of_test)


def compare(folder: Path, name: str, seed: int, options: argparse.Namespace) -> dict[str, float]:
    """Search by each sampler, train what was found and the present recipes anew, and print a line."""
    searched = {sampler: found(folder, name, sampler, options.budget) for sampler in SAMPLERS}
    settings = load_settings(folder / "params.yaml")
    parts = tuple(read_image_set(folder / "data" / name / part) for part in ("train/real", "val", "test"))
    spec = settings.datasets[name].classifier
    with machine(RuntimeSpec(precision="fp32")) as where:
        measured = {
            label: accuracies(parts, spec, recipe, ANEW + seed, options.runs, where)
            for label, recipe in (
                settings.arms.recipes | {sampler: recipe for sampler, (recipe, _) in searched.items() if recipe}
            ).items()
        }
    present = max(settings.arms.recipes, key=lambda label: measured[label][0])
    tested = {PRESENT: measured[present][1]}
    for sampler in SAMPLERS:  # what was found comes beside the present recipes, and val decides again
        tested[sampler] = measured[max((present, sampler), key=lambda label: measured.get(label, (0.0, 0.0))[0])][1]
    told = ", ".join(f"{sampler} {tested[sampler]:.1f} ({number} tried)" for sampler, (_, number) in searched.items())
    print(f"{name}, seed {seed}: {present} {tested[PRESENT]:.1f}, {told}", flush=True)
    return {sampler: tested[sampler] - tested[PRESENT] for sampler in SAMPLERS}


def main() -> None:
    """Print a line a dataset and seed, and the gains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default="15m", help="of each search: 90s, 15m, 2h")
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=list(DATASETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=5, help="classifiers that are trained anew of each recipe")
    parser.add_argument("--fashion-mnist", type=Path, help="folder with the four idx.gz files")
    options = parser.parse_args()
    for name in options.datasets:
        gains: list[dict[str, float]] = []
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory(prefix="tuning-") as folder:
                at = workspace(Path(folder) / "project", name, seed, options.fashion_mnist)
                gains.append(compare(at, name, seed, options))
        for sampler in SAMPLERS:
            values = [gain[sampler] for gain in gains]
            spread = np.std(values, ddof=1) if len(values) > 1 else float("nan")
            print(f"{name}: {sampler} gains {np.mean(values):+.2f} ± {spread:.2f} points over {len(values)} seeds")


if __name__ == "__main__":
    main()
