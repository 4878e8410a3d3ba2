"""A finished run of a made-up dataset, in a second: every container that a user's command reads, in its place."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml

from augment.assessment.memorisation import nearest_in_pixels
from augment.assessment.scores import sample_scores
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.files import write_classifiers
from augment.classifier.training import TrainedClassifier, train_classifier
from augment.core.container import read_image_set, write_image_set
from augment.core.images import ImageSet, make_image_set
from augment.core.provenance import described
from augment.core.records import write_record
from augment.core.store import write_left_out, write_parquet
from augment.finished.generator import read_generator
from augment.finished.project import Project
from augment.finished.samples import read_critic
from augment.judge.judge import write_judge
from augment.merging.merge import merge
from augment.merging.mix_spec import FilterSpec, MixSpec
from augment.runtime.machine import Machine, machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.synthesis.base.files import write_synthesizer
from augment.synthesis.classical.smote import fit_smote
from augment.synthesis.classical.smote_spec import SmoteSpec
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.gan.networks import build_generator
from tests.comparison.simulated import arm, random_hits
from tests.conftest import striped_images
from tests.results.examples import result_of

PROJECT = Path(__file__).parents[2]
CLASSES = ("low", "T-shirt/top", "hi, «猫»")
"""Names that would break a careless path, table or header."""
SHAPES = {"grey": (1, 8, 8), "rgb": (3, 8, 10)}
CLASSIFIER = ClassifierSpec(width=4, batch_size=16, max_steps=60, eval_every=20, patience=5)
PLAIN = RecipeSpec(transforms="none", sampling="natural")
GAN: dict[str, Any] = {"kind": "gan", "steps": 1, "network": {"width": 4}}
MERGED = MixSpec(synthesizer="gan", share=0.5, filter=FilterSpec(near_copies=False))

SETTINGS: dict[str, Any] = {
    "gate": {},
    "verdict": {},
    "auto_mixes": {},
    "tuned": {},
    "seed": 0,
    "seeds": 2,
    "runtime": {"device": "cpu", "precision": "fp32", "threads": 1},
    "synthesizers": {"gan": ["gan"], "vae": [], "classical": ["smote"]},
    "mixes": {"merged": MERGED.model_dump(exclude_defaults=True), "failed": {"synthesizer": "gan", "share": 0.5}},
    "arms": {"train_sets": ["real", "merged"], "recipes": {"plain": PLAIN.model_dump()}},
}


def write_settings(root: Path, shape: tuple[int, int, int]) -> None:
    """Write settings of the dataset ``toys``, and of ``later``, which was never run; and the project's graph."""
    mode = "grey" if shape[0] == 1 else "rgb"
    dataset = {
        "source": {"kind": "image_folder", "image_size": 8, "mode": mode},
        "split": {"val": 0.2, "test": 0.2},
        "scarcity": {"kind": "none"},
        "synthesizers": {"gan": GAN, "smote": {"kind": "smote"}},
        "synthesis": {"per_class": 10},
        "classifier": CLASSIFIER.model_dump(),
    }
    settings = SETTINGS | {"datasets": {"toys": dataset, "later": dataset}}
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    shutil.copy(PROJECT / "dvc.yaml", root)


def finished_run(root: Path, shape: tuple[int, int, int] = SHAPES["grey"]) -> Path:
    """Write a project whose dataset ``toys`` has been run; its mix ``failed`` could not be merged."""
    write_settings(root, shape)
    data, models = root / "data" / "toys", root / "models" / "toys"
    sets = {name: _stripes(shape, seed) for seed, name in enumerate(("train/real", "val", "test"))}
    for name, images in sets.items():
        write_image_set(data / name, images, described(stage="prepare", dataset="toys", seed=0))
    train, val = sets["train/real"], sets["val"]
    drawn = _stripes(shape, 3, generator_seed=77)
    write_image_set(data / "synthetic/gan", drawn, described(stage="synthesize", dataset="toys", synthesizer="gan"))
    scores = _scores(drawn, train)
    write_parquet(root / "results/toys/synthetic/gan/scores.parquet", scores)
    made = merge(train, drawn, scores, MERGED)
    merged, account = made.images(), made.account
    made_by = described(stage="merge", dataset="toys", mix="merged", spec=MERGED, synthetic=account.to_json())
    write_image_set(data / "train/merged", merged, made_by)
    write_left_out(data / "train/failed", ["mixes.failed: the images failed 1 check(s)"])
    with machine(RuntimeSpec(device="cpu", precision="fp32")) as where:
        _write_models(models, train, val, where)
    hits = {"real": random_hits(0.6, 0, (2, 60)), "merged": random_hits(0.9, 1, (2, 60))}
    result = result_of([arm(name, "plain", hits[name], name == "merged") for name in hits])
    write_record(root / "results/toys/comparison/result.json", result)
    made_by = {"stage": "product", "dataset": "toys", "arm": "merged/plain", "train_set": "merged", "recipe": "plain"}
    write_image_set(
        root / "products/toys", read_image_set(data / "train/merged"), made_by | {"verdict": result.verdict}
    )
    return root


def _stripes(shape: tuple[int, int, int], seed: int, generator_seed: int | None = None) -> ImageSet:
    images, labels = striped_images(60, len(CLASSES), shape, seed)
    return make_image_set(images, labels, CLASSES, generator_seed=generator_seed)


def _scores(drawn: ImageSet, train: ImageSet) -> pd.DataFrame:
    sure = np.full((len(drawn), len(CLASSES)), 0.1, dtype=np.float64)
    sure[np.arange(len(drawn)), drawn.labels] = 0.8
    near = nearest_in_pixels(drawn.images, train.images)
    return sample_scores(drawn.labels, sure, near, np.full(len(drawn), np.median(near.distance)))


def _write_models(models: Path, train: ImageSet, val: ImageSet, where: Machine) -> None:
    runs = [_trained(train, val, run, where) for run in range(2)]
    write_judge(models / "judge", runs[0].network, train.classes, train.shape, {})
    for train_set in ("real", "merged"):
        chosen = {"dataset": "toys", "train_set": train_set, "recipe": "plain"}
        made_by = described(**chosen, seed=0, seeds=2, spec=CLASSIFIER, recipe_spec=PLAIN)
        of_arm = runs if train_set == "merged" else runs[::-1]
        write_classifiers(models / "classifier" / train_set / "plain", of_arm, train, CLASSIFIER, where, made_by)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        gan = build_generator(GanSpec.model_validate(GAN), train.shape, len(CLASSES)).eval()
    for name, spec, network in (
        ("gan", GanSpec.model_validate(GAN), gan),
        ("smote", SmoteSpec(kind="smote"), fit_smote(train, SmoteSpec(kind="smote")).eval()),
    ):
        made_by = {"dataset": "toys", "synthesizer": name, "seed": 0}
        write_synthesizer(models / "synthesizers" / name, network, spec, train, {"made_by": made_by})


def _trained(train: ImageSet, val: ImageSet, run: int, where: Machine) -> TrainedClassifier:
    progress = Progress("toys", CLASSIFIER.max_steps, quiet=True)
    return train_classifier(train, val, CLASSIFIER, PLAIN, 0, run, where, progress)


def favourite_and_least(project: Project) -> tuple[str, str]:
    """Name the classes that the judge takes most, and fewest, of the GAN's images for: it was never trained."""
    generator = read_generator(project, "toys")
    _, probabilities = read_critic(project, generator).judge(generator.sample("low", 50, 1))
    counts = np.bincount(probabilities.argmax(1), minlength=len(CLASSES))
    return CLASSES[counts.argmax()], CLASSES[counts.argmin()]
