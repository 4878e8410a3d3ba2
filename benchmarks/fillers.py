"""What fills cells of class and group best: digits of two sources, half of the cells with few or no images.

    python -m benchmarks.fillers --count 0 5 --splits 5
    python -m benchmarks.fillers --count 5 --only none aligned translator --set translator.movement=0

The images are those of the study `cells`; a split draws train, val, test and the few images that rare cells keep. Each
filler is fitted to the train split and brings every cell up to the largest, `agreed` by those images alone that the
judge takes for their class (`filter.agree` of a mix); then classifiers learn by the study's recipe `rand_conv`. Printed
are means ± standard deviations over splits: accuracy on test over all cells and over the rare ones, and what the latter
gains over `transport`, paired by split. Beside them stands how the fills look to a classifier that learned from all
images of those cells, as no user could: how often it agrees with their labels, their kernel distance to test's images
of the same cell, and the standard deviation of their pixels over that of test's.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.judging import REAL_RUN, train_judge
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import train_classifier
from augment.core.cells import GROUP, cell_numbers, group_names
from augment.core.images import ImageSet, IntArray, concatenate, make_image_set
from augment.core.registry import OneOf
from augment.core.settings_block import parse
from augment.datasets.raw import RawImages
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.datasets.split_spec import CellScarcity, SplitSpec
from augment.datasets.splits import scarce, split_rows
from augment.judge.judge import Judge, read_judge, write_judge
from augment.merging.merge import cell_additions
from augment.quality.distances import kernel_distance
from augment.runtime.machine import Machine, machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.sampling import sample_batches
from augment.synthesis.base.translator import Translator
from augment.synthesis.training.checkpoint import Checkpoint
from augment.synthesis.training.fitting import fit
from benchmarks.gan_quality import Album, nested
from benchmarks.two_sources import MNIST, UCI, write_two_sources

RARE = {UCI: ["0", "1", "2", "3", "4"], MNIST: ["5", "6", "7", "8", "9"]}
SPLIT = SplitSpec(val=0.2, test=0.4)
CLASSIFIER = ClassifierSpec(width=16, batch_size=32, learning_rate=4e-3, max_steps=1500, eval_every=25, patience=12)
RECIPE = RecipeSpec(transforms="rand_conv", sampling="balanced_cells")
PER_CELL = 600
"""Images drawn of a cell: several times what any lacks, as equal ones are left out."""

NONE, DEFAULT, AGREED = "none", "transport", "transport, agreed"
FILLERS: dict[str, dict[str, Any]] = {
    "fourier": {"kind": "fourier"},
    "histogram": {"kind": "histogram"},
    "not aligned": {"kind": "transport", "align": False},
    DEFAULT: {"kind": "transport"},
    AGREED: {"kind": "transport"},
    "translator": {"kind": "translator", "steps": 2000, "monitor": {"choose_by": "last"}},
}


@dataclass(frozen=True)
class Data:
    """One split.

    Attributes:
        train: With the rare cells thinned.
        val: To stop by.
        test: All cells, about equally many of each.
        judge: Learned from the train split before it was thinned.
        own_judge: Learned from the train split, as the pipeline's does.
        rare: Numbers of the thinned cells, see `cell_numbers`.
    """

    train: ImageSet
    val: ImageSet
    test: ImageSet
    judge: Judge
    own_judge: Judge
    rare: IntArray


def draw_split(raw: RawImages, count: int, seed: int, where: Machine, folder: Path) -> Data:
    """Split the images and train the judge."""
    whole = make_image_set(raw.images, raw.labels, raw.classes)
    groups = pd.array([] if raw.groups is None else list(raw.groups), dtype="str")
    whole = ImageSet(whole.images, whole.manifest.assign(**{GROUP: groups}), whole.classes)
    split = split_rows(raw, SPLIT, seed)
    dense = whole.select(split.train)
    split, rows = scarce(raw, split, CellScarcity(kind="cells", count=count, cells=RARE), seed)
    train, val, test = (whole.select(part) for part in (rows, split.val, split.test))
    judges: list[Judge] = []
    for number, images in enumerate((dense, train)):
        judge = folder / f"{seed}-{count}-{number}"
        made = train_judge(images, val, seed, REAL_RUN, where, "judge").network
        write_judge(judge, made, train.classes, train.shape, {})
        judges.append(read_judge(judge, train.classes, train.shape, where.device))
    names = group_names(test)
    rare = [int(label) * len(names) + names.index(group) for group, labels in RARE.items() for label in labels]
    return Data(train, val, test, judges[0], judges[1], np.asarray(rare))


def fills(data: Data, spec: SynthesizerSpec, seed: int, where: Machine, *, agreed: bool = False) -> ImageSet:
    """Fit a filler; draw new images up to the largest cell, if asked only those whose label the judge agrees to."""
    checkpoint, album = Checkpoint(None, {}), Album()
    made = fit(data.train, spec, seed, where, "filler", checkpoint, album, lambda _step, _grid: None).synthesizer
    if not isinstance(made, Translator):
        raise TypeError(f"expected a synthesizer that knows groups, found {type(made).__name__}")
    labels, groups = (np.tile(of, PER_CELL) for of in made.can_fill.nonzero().cpu().numpy().T)
    drawn = sample_batches(made, labels, torch_generator(seed, "fillers"), where, groups)
    found = make_image_set(np.concatenate(list(drawn)), labels, data.train.classes, generator_seed=seed)
    names = pd.array([group_names(data.train)[group] for group in groups], dtype="str")
    known = set(data.train.manifest["content_hash"])
    manifest = found.manifest.assign(**{GROUP: names})
    new = ~manifest["content_hash"].duplicated() & ~manifest["content_hash"].isin(known)
    kept = new.to_numpy(dtype=bool) & (~agreed | (data.own_judge(found.images)[1].argmax(1) == labels))
    good = ImageSet(found.images, manifest, found.classes).select(np.flatnonzero(kept))
    return good.select(cell_additions(data.train, good, np.arange(len(good))))


def look(data: Data, added: ImageSet) -> dict[str, float]:
    """Say how fills look beside test's images of the same cells."""
    groups = group_names(data.test)
    if not len(added):
        return {}
    of_added, of_test = cell_numbers(added, groups), cell_numbers(data.test, groups)
    (features, probabilities), (real, _) = data.judge(added.images), data.judge(data.test.images)
    cells = [(of_added == cell, of_test == cell) for cell in data.rare if (of_added == cell).sum() > 1]
    spread = [_spread(added.images[one]) / _spread(data.test.images[other]) for one, other in cells]
    return {
        "agreement": float((probabilities.argmax(1) == added.labels)[np.isin(of_added, data.rare)].mean()),
        "distance": float(np.mean([kernel_distance(features[one], real[other]) for one, other in cells])),
        "spread": float(np.mean(spread)),
    }


def _spread(images: np.ndarray[Any, Any]) -> float:
    return float(images.astype(np.float64).std(axis=0).mean())


def accuracies(data: Data, train: ImageSet, seed: int, runs: int, where: Machine) -> dict[str, float]:
    """Train classifiers; give their mean accuracy over all cells of test, and over the rare ones."""
    cells = cell_numbers(data.test, group_names(data.test))
    of_runs = []
    for run in range(runs):
        progress = Progress("classifier", CLASSIFIER.max_steps, quiet=True)
        trained = train_classifier(train, data.val, CLASSIFIER, RECIPE, seed, run, where, progress, "cells")
        right = predict_probabilities(trained.network, data.test.images, where).argmax(1) == data.test.labels
        of_runs.append(np.bincount(cells, right) / np.bincount(cells))
    by_cell = np.mean(of_runs, axis=0)
    return {"all cells": float(by_cell.mean()), "rare cells": float(by_cell[data.rare].mean())}


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Condense one row a split and filler to mean ± standard deviation."""
    default = rows[rows["filler"] == DEFAULT].set_index(["images a cell", "split"])["rare cells"]
    paired = rows.set_index(["images a cell", "split"])["rare cells"] - default
    rows = rows.assign(gain=paired.to_numpy())
    percent = ["all cells", "rare cells", "gain", "agreement"]
    rows[percent] *= 100
    grouped = rows.drop(columns="split").groupby(["images a cell", "filler"], sort=False)
    mean, deviation = grouped.mean(), grouped.std()
    texts = {
        name: [
            "" if np.isnan(value) else f"{value:.{digits}f} ± {around:.{digits}f}"
            for value, around in zip(mean[name], deviation[name], strict=True)
        ]
        for name in mean.columns
        if (digits := 1 if name in percent else 2)
    }
    return pd.DataFrame(texts, index=mean.index)


def main() -> None:
    """Fit, fill, train and print, split by split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, nargs="+", default=[0], help="images that a rare cell keeps")
    parser.add_argument("--side", type=int, default=8, help="pixels a side")
    parser.add_argument("--splits", type=int, default=3, help="so many")
    parser.add_argument("--runs", type=int, default=2, help="classifiers of each training set")
    parser.add_argument("--only", nargs="+", default=[NONE, *FILLERS], choices=[NONE, *FILLERS])
    parser.add_argument("--set", action="append", default=[], help="a setting, e.g. translator.movement=0")
    options = parser.parse_args()
    changed = nested(options.set)
    blocks = {name: FILLERS[name] | changed.get(name, {}) for name in options.only if name != NONE}
    kind: TypeAdapter[SynthesizerSpec] = TypeAdapter(Annotated[SynthesizerSpec, OneOf()])
    specs = {name: parse(kind, block, name) for name, block in blocks.items()}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, machine(RuntimeSpec(precision="fp32")) as where:
        write_two_sources(Path(folder, "raw"))
        source = ImageFolderSource(kind="image_folder", image_size=options.side, mode="grey", groups="groups.csv")
        raw = source.load(Path(folder, "raw"))
        for count in options.count:
            for split in range(options.splits):
                data = draw_split(raw, count, split, where, Path(folder))
                for name in options.only:
                    row: dict[str, Any] = {"images a cell": count, "split": split, "filler": name}
                    train = data.train
                    if name != NONE:
                        added = fills(data, specs[name], split, where, agreed=name == AGREED)
                        train = concatenate(train, added)
                        row |= look(data, added)
                    rows.append(row | accuracies(data, train, split, options.runs, where))
                    print(rows[-1], flush=True)
    print(table(pd.DataFrame(rows)).to_string())


if __name__ == "__main__":
    main()
