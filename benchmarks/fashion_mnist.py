"""What the GAN benchmarks share: all of Fashion-MNIST, split as the pipeline splits it, and its judge."""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import augment
from augment.assessment.real_reference import real_reference
from augment.classifier.judging import REAL_RUN, train_judge
from augment.core.images import ImageSet, IntArray, make_image_set
from augment.core.seeding import numpy_generator
from augment.datasets.raw import RawImages
from augment.datasets.sources.torchvision import TorchvisionSource
from augment.datasets.split_spec import SplitSpec
from augment.datasets.splits import split_rows
from augment.judge.judge import Judge, read_judge, write_judge
from augment.runtime.machine import Machine
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.gan.training import GanTraining
from augment.synthesis.training.checkpoint import fingerprint_code
from augment.synthesis.training.monitoring import see

SPLIT = SplitSpec(val=5000, test="official")
SEED = 0
JUDGE_CODE = [Path(augment.__path__[0], layer) for layer in ("core", "runtime", "judge", "classifier")]
WARM_UP, TIMED = 3, 20
"""Steps before the rate of a training is taken, and steps that it is taken over."""


@dataclass(frozen=True)
class Data:
    """The three splits: 55,000, 5,000 and 10,000 images."""

    train: ImageSet
    val: ImageSet
    test: ImageSet


def make_parser(doc: str | None) -> argparse.ArgumentParser:
    """Make a parser with the options of every GAN benchmark."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion-mnist", type=Path, required=True, help="folder with the four idx.gz files")
    kept = Path(tempfile.gettempdir(), "fashion-mnist-judge")
    parser.add_argument("--judge", type=Path, default=kept, help="where the judge is kept from run to run")
    return parser


def load(folder: Path) -> Data:
    """Read and split Fashion-MNIST."""
    raw = TorchvisionSource(kind="torchvision", name="FashionMNIST").load(folder)
    split = split_rows(raw, SPLIT, SEED)
    return Data(*(_select(raw, rows) for rows in (split.train, split.val, split.test)))


def _select(raw: RawImages, rows: IntArray) -> ImageSet:
    return make_image_set(raw.images[rows], raw.labels[rows], raw.classes)


def prepare_judge(folder: Path, data: Data, machine: Machine) -> Judge:
    """Train the judge as the stage ``train_judge`` does, or read it where that was done before."""
    train = data.train
    folder = folder / fingerprint_code(*JUDGE_CODE)
    if not folder.exists():
        trained = train_judge(train, data.val, SEED, REAL_RUN, machine, "judge")
        write_judge(folder, trained.network, train.classes, train.shape, {"val_accuracy": trained.val_accuracy})
    return read_judge(folder, train.classes, train.shape, machine.device)


def real_figures(judge: Judge, data: Data, images: int) -> dict[str, float]:
    """Give the figures of real train images against val: about what a perfect generator would reach."""
    rng = numpy_generator(SEED, "floor")  # the name under which the published figures were drawn
    train = data.train.select(rng.permutation(len(data.train))[: 3 * images])
    per_class = images // len(data.val.classes)
    val = data.val.select(np.concatenate([np.flatnonzero(data.val.labels == k)[:per_class] for k in range(10)]))
    return real_reference(see(judge, train.images, train.labels), see(judge, val.images, val.labels), rng)


def steps_within(cpu_s: float, train: ImageSet, spec: GanSpec, machine: Machine) -> int:
    """Find how many steps of a training a budget of CPU-seconds buys, by timing a few."""
    training = GanTraining(train, spec.model_copy(update={"steps": WARM_UP + TIMED}), SEED, machine)
    for number in range(WARM_UP):
        training.step(number, 1.0)
    began = time.process_time()
    for number in range(WARM_UP, WARM_UP + TIMED):
        training.step(number, 1.0)
    return max(1, round(cpu_s * TIMED / (time.process_time() - began)))
