"""More images of a finished run's generator, told apart from those that it has, and from those that are no good."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd

from augment.assessment.memorisation import class_units, memorisation, nearest_in_pixels
from augment.assessment.scores import sample_scores
from augment.core.container import read_image_set
from augment.core.errors import DataError
from augment.core.images import ImageSet, UInt8Array, concatenate, make_image_set, tile
from augment.finished.generator import TrainedGenerator
from augment.finished.images import Part, provenance
from augment.finished.machines import computing
from augment.finished.project import Project
from augment.judge.judge import Judge, read_judge
from augment.merging.filters import KEPT, REASONS, attach_scores, drop_reasons
from augment.merging.mix_spec import FilterSpec

FILTER = FilterSpec(near_copies=True, agree=True)
"""What is left out of more images: copies, and what the judge takes for another class."""
MORE = (2, 10)
"""Images drawn for each one asked for: at first, and where those are too few."""
COLUMNS, SHOWN, GRID_WIDTH = 10, 100, 900
"""Of the picture of samples: columns, images of each class at most, width in pixels, about."""


@dataclass(frozen=True)
class Critic:
    """Says of drawn images which are good.

    Attributes:
        train: Real training images.
        val: Held-out ones, which say how near is too near.
        drawn: Images that the run itself drew.
        judge: The run's.
    """

    train: ImageSet
    val: ImageSet
    drawn: ImageSet
    judge: Judge

    def judged(self, images: ImageSet) -> tuple[ImageSet, "pd.Series[str]"]:
        """Score images as the run scored its own, and say why each is to be left out, if it is."""
        _, probabilities = self.judge(images.images)
        near, far = (nearest_in_pixels(each.images, self.train.images) for each in (images, self.val))
        units = class_units(far.distance, self.val.labels, len(images.classes))
        of_image = units[images.labels]
        threshold = memorisation(near.distance / of_image, far.distance / units[self.val.labels]).threshold
        scored = attach_scores(images, sample_scores(images.labels, probabilities, near, threshold * of_image))
        return scored, pd.Series(drop_reasons(concatenate(self.train, self.drawn), scored, FILTER))


def read_critic(project: Project, generator: TrainedGenerator) -> Critic:
    """Read what tells good images of a generator from others.

    Raises:
        ContainerError: Something is not there, or broken.
        LeftOutError: Something could not be made.
    """
    dataset, synthesizer = generator.dataset, generator.name
    train, val = (read_image_set(project.made("prepare", name, dataset=dataset)) for name in ("train", "val"))
    stage = f"synthesize_{project.family(synthesizer)}"
    drawn = read_image_set(project.made(stage, "synthetic", dataset=dataset, synthesizer=synthesizer))
    path = project.made("train_judge", "judge", dataset=dataset)
    with computing(project.settings.runtime) as where:
        return Critic(train, val, drawn, read_judge(path, train.classes, train.shape, where.device))


def draw(
    generator: TrainedGenerator, class_names: Sequence[str], count: int, seed: int, critic: Critic | None = None
) -> Part:
    """Draw images of some classes; with a critic only good ones are kept, and as many more drawn.

    Args:
        generator: Draws them.
        class_names: Of which classes, at least one.
        count: How many of each.
        seed: See `TrainedGenerator.sample`.
        critic: Tells good ones, if any are to be left out.

    Raises:
        SettingsError: See `TrainedGenerator.sample`.
        DataError: Too few of the images that were drawn are good; says of how many, and why.
    """
    sets = [_drawn(generator, name, count, seed, critic) for name in class_names]
    images = reduce(concatenate, sets)
    made_by = {"command": "sample", "dataset": generator.dataset, "synthesizer": generator.name, "seed": seed}
    made_by |= {"classes": list(class_names), "count": count, "filter": None}
    if critic is not None:
        made_by["filter"] = FILTER.model_dump()
    hashes = pd.Series([], dtype="str") if critic is None else critic.train.manifest["content_hash"]
    facts = provenance(images, generator.name, hashes)
    return Part(generator.dataset, "samples", images, made_by, generator.name, facts)


def _drawn(generator: TrainedGenerator, name: str, count: int, seed: int, critic: Critic | None) -> ImageSet:
    if critic is None:
        return _labelled(generator, name, count, seed)
    for more in MORE:
        images = _labelled(generator, name, count * more, seed)
        with computing(generator.runtime):
            scored, reasons = critic.judged(images)
        good = np.flatnonzero(reasons == KEPT)
        if len(good) >= count:
            return scored.select(good[:count])
    dropped = ", ".join(f"{(reasons == reason).sum()} {reason}" for reason in REASONS)
    raise DataError(
        f"class {name!r}: expected {count} images that pass the filter, found {len(good)} among {len(images)} "
        f"(dropped: {dropped}); ask for fewer, or without --filter"
    )


def _labelled(generator: TrainedGenerator, class_name: str, count: int, seed: int) -> ImageSet:
    pixels = generator.sample(class_name, count, seed)
    labels = np.full(count, generator.classes.index(class_name), dtype=np.int64)
    return make_image_set(pixels, labels, generator.classes, generator_seed=generator.seed(class_name, seed))


def grid(images: ImageSet) -> UInt8Array:
    """Lay the first images of each class out, a row or more a class, to be looked at: H×W or H×W×3."""
    rows = [np.flatnonzero(images.labels == label)[:SHOWN] for label in range(len(images.classes))]
    pixels = [_full_rows(images.images[each]) for each in rows if len(each)]
    shown = np.concatenate(pixels)
    return tile(shown, len(shown) // COLUMNS, COLUMNS, scale=max(1, GRID_WIDTH // (COLUMNS * images.shape[2])))


def _full_rows(pixels: UInt8Array) -> UInt8Array:
    """Fill the last row up with white."""
    return np.pad(pixels, ((0, -len(pixels) % COLUMNS), (0, 0), (0, 0), (0, 0)), constant_values=255)
