"""How good a recipe's images are after a budget of CPU-seconds, on all of Fashion-MNIST or on a few images a class.

    python -m benchmarks.gan_quality --fashion-mnist FOLDER_WITH_THE_IDX_FILES --cpu-s 60
    python -m benchmarks.gan_quality --fashion-mnist FOLDER … --cpu-s 480 --set network.width=32 \
        --classifier-steps 8000 --pool 1 5 --confidence 0 0.5 --times 1 8
    python -m benchmarks.gan_quality --fashion-mnist FOLDER … --per-class 20 --cpu-s 30 --set network.latent_dim=32

Distance, fidelity, precision, recall, density and coverage are those of 5,000 images against val; beside them the same
of 5,000 real train images. CAS is the accuracy on test of a classifier that is trained on synthetic images alone, and
stops by val; beside it that of the same classifier trained on the real ones. As many are drawn as there are real ones
or `--times` as many, and half of that again where the judge drops some: the count of those kept is printed. With
several pools, confidences and times each training is drawn from in every way. With few images a class the judge and
val are still those of the whole data set: a yardstick that no user has.
CPU-seconds are those of training, without evaluation points. See docs/synthesizers.md for what --set may name.
"""

import time
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import train_classifier
from augment.core.images import ImageSet, IntArray, UInt8Array, make_image_set
from augment.core.seeding import numpy_generator
from augment.core.settings_block import parse
from augment.datasets.split_spec import PerClassScarcity
from augment.datasets.splits import thin
from augment.judge.judge import Judge
from augment.quality.generator_quality import generator_quality
from augment.runtime.machine import Machine, machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.sampling import sample
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.training.checkpoint import Checkpoint
from augment.synthesis.training.fitting import fit
from augment.synthesis.training.monitoring import see
from augment.synthesis.training.record import EvaluationPoint
from benchmarks.fashion_mnist import SEED, Data, load, make_parser, prepare_judge, real_figures, steps_within

FIGURES = ("frechet_distance", "label_fidelity", "precision", "recall", "density", "coverage")
PLAIN = RecipeSpec(transforms="none", sampling="natural")
SPARE = 1.5
"""So many times the images are drawn where some will be dropped."""


@dataclass
class Album:
    """Takes the place of a training's monitor: keeps the averaged generators it is shown, and judges nothing."""

    snapshots: list[Synthesizer] = field(default_factory=list)

    def __call__(self, synthesizer: Synthesizer) -> EvaluationPoint:
        """Keep a generator."""
        self.snapshots.append(synthesizer)
        return EvaluationPoint({}, np.zeros((0, 1, 1, 1), dtype=np.uint8))


@dataclass(frozen=True)
class Drawer:
    """Draws labelled images from a pool of generators, and drops those whose label the judge doubts.

    Attributes:
        pool: Snapshots of one training; each draws an equal part (GaFi, Lampis et al., 2023, arXiv 2305.10118).
        judge: Judges.
        confidence: Least probability that the judge must give an image's label; 0 keeps all.
        machine: Where to compute.
    """

    pool: list[Synthesizer]
    judge: Judge
    confidence: float
    machine: Machine

    def draw(self, labels: IntArray, seed: int) -> tuple[UInt8Array, IntArray]:
        """Draw an image a label, or fewer where some were dropped, in random order."""
        images, kept = [], []
        for number, generator in enumerate(self.pool):
            own = labels[number :: len(self.pool)]
            drawn = sample(generator, own, torch_generator(seed, "benchmark", "samples", number), self.machine)
            sure = self._confident(drawn, own) if self.confidence else np.full(len(own), True)
            images.append(drawn[sure])
            kept.append(own[sure])
        order = numpy_generator(seed, "benchmark", "order").permutation(sum(map(len, kept)))
        return np.concatenate(images)[order], np.concatenate(kept)[order]

    def _confident(self, images: UInt8Array, labels: IntArray) -> npt.NDArray[np.bool_]:
        _, probabilities = self.judge(images)
        sure: npt.NDArray[np.bool_] = probabilities[np.arange(len(labels)), labels] >= self.confidence
        return sure


def train_gan(data: Data, settings: dict[str, Any], cpu_s: float, seed: int, where: Machine) -> tuple[Album, str]:
    """Train for a budget; return the snapshots and a line about it."""
    spec = parse(GanSpec, {"kind": "gan", "steps": 1, "monitor": {"choose_by": "last"}, **settings}, "--set")
    spec = spec.model_copy(update={"steps": steps_within(cpu_s, data.train, spec, where)})
    album, began = Album(), time.process_time()
    fit(data.train, spec, seed, where, f"gan, seed {seed}", Checkpoint(None, {}), album, lambda _step, _grid: None)
    return album, f"{spec.steps} steps, {time.process_time() - began:.0f} CPU-s"


def accuracy(train: ImageSet, data: Data, steps: int, seed: int, where: Machine) -> tuple[float, str]:
    """Train a classifier until val stops improving; return its accuracy on test and a line about its training."""
    spec = ClassifierSpec(max_steps=steps, eval_every=250, patience=8)
    trained = train_classifier(train, data.val, spec, PLAIN, seed, 0, where, Progress("classifier", steps))
    right = predict_probabilities(trained.network, data.test.images, where).argmax(1) == data.test.labels
    return float(right.mean()), f"best after {trained.best_step} steps{'' if trained.converged else ', not converged'}"


def few(train: ImageSet, per_class: int) -> ImageSet:
    """Keep as many images of each class, as the pipeline's scarcity does."""
    spec = PerClassScarcity(kind="per_class", count=per_class)
    return train.select(thin(np.arange(len(train)), train.labels, train.classes, spec, SEED))


def nested(pairs: list[str]) -> dict[str, Any]:
    """Turn ``network.width=32`` and the like into nested settings."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        path, value = pair.split("=", 1)
        *above, last = path.split(".")
        block = settings
        for name in above:
            block = block.setdefault(name, {})
        block[last] = yaml.safe_load(value)
    return settings


def balanced(images: float) -> IntArray:
    """Give labels of Fashion-MNIST's ten classes in turn."""
    return np.arange(round(images)) % 10


def row(name: str, figures: dict[str, float], more: str) -> str:
    """Format one line of the table."""
    return f"{name:18}" + "".join(f"{figures[each]:11.3f}" for each in FIGURES) + f"   {more}"


def main() -> None:
    """Train, judge and print, seed by seed."""
    parser = make_parser(__doc__)
    parser.add_argument("--cpu-s", type=float, default=60.0, help="CPU-seconds of training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="settings of the GAN")
    parser.add_argument("--per-class", type=int, help="images of each class to train on; all, if left out")
    parser.add_argument("--pool", type=int, nargs="+", default=[1], help="snapshots to draw from, the training's last")
    parser.add_argument("--confidence", type=float, nargs="+", default=[0.0], help="least the judge gives a label")
    parser.add_argument("--times", type=float, nargs="+", default=[1.0], help="images drawn for CAS, over real ones")
    parser.add_argument("--classifier-steps", type=int, default=0, help="cap on a classifier's steps; 0: no CAS")
    options = parser.parse_args()
    data = load(options.fashion_mnist)
    with machine(RuntimeSpec()) as where:
        judge = prepare_judge(options.judge, data, where)
        real = see(judge, data.val.images, data.val.labels)
        print(" " * 18 + "".join(f"{name.removeprefix('label_').replace('frechet_', ''):>11}" for name in FIGURES))
        if options.per_class:
            data = replace(data, train=few(data.train, options.per_class))
        cas, of_real = "", 0.0
        if options.classifier_steps:
            of_real, how = accuracy(data.train, data, options.classifier_steps, SEED, where)
            cas = f"accuracy {of_real:.4f} ({how})"
        print(row("real train", real_figures(judge, data, len(data.val)), cas), flush=True)
        for seed in options.seeds:
            album, about = train_gan(data, nested(options.set), options.cpu_s, seed, where)
            for pool, confidence in product(options.pool, options.confidence):
                drawer = Drawer(album.snapshots[-pool:], judge, confidence, where)
                spare = SPARE if confidence else 1.0
                images, labels = drawer.draw(balanced(spare * len(data.val)), seed)
                figures = generator_quality(real, see(judge, images, labels))
                way = f"; pool {pool}, confidence {confidence:g}"
                print(row(f"synthetic, seed {seed}", figures, about + way), flush=True)
                for times in options.times if options.classifier_steps else []:
                    images, labels = drawer.draw(balanced(times * spare * len(data.train)), seed)
                    made = make_image_set(images, labels, data.train.classes, generator_seed=seed)
                    found, how = accuracy(made, data, options.classifier_steps, seed, where)
                    under = f"{100 * (of_real - found):.2f} points under real"
                    print(f"{'':18} CAS {found:.4f}, {under} ({how}; {len(made)} images)", flush=True)


if __name__ == "__main__":
    main()
