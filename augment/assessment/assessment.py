"""The final assessment of a generator: every figure, the failures, and what the pictures need."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from augment.assessment.diversity import inception_score, intra_class_ms_ssim
from augment.assessment.failures import find_failures
from augment.assessment.gate import GateSpec
from augment.assessment.judge_strength import judge_strength
from augment.assessment.membership import attack, draw_pool
from augment.assessment.memorisation import Memorisation, class_units, memorisation, nearest_in_cell, nearest_in_pixels
from augment.assessment.per_class import quality_per_class
from augment.assessment.real_reference import real_reference
from augment.assessment.sampling import sampled
from augment.assessment.scores import sample_scores
from augment.core.cells import group_names
from augment.core.generators import rows_by_generator
from augment.core.images import FloatArray, ImageSet, IntArray, first_rows
from augment.quality.generator_quality import Judged, generator_quality, match
from augment.quality.neighbours import Nearest, nearest

MS_SSIM_PAIRS = 200
"""Pairs a class: the mean then has a standard error below 0.02."""

DECIMALS = 6


class Side(NamedTuple):
    """Images, and how the judge sees them, in the same order."""

    images: ImageSet
    judged: Judged

    def select(self, rows: IntArray) -> "Side":
        """Give the images at ``rows``, in that order; itself where these are all."""
        return self if len(rows) == len(self.images) else Side(self.images.select(rows), self.judged.select(rows))


class Assessment(NamedTuple):
    """What came of it.

    Attributes:
        figures: Plain JSON values, NaN as None: number and sentences of failures, the figures of `generator_quality`,
            those of each of several ``generators``, any of which can fail, and in groups ``real_reference``,
            ``diversity``, ``memorisation`` (of how many ``train_images``), ``membership`` and ``judge``.
        per_class: K rows: ``class_name``, the columns of `quality_per_class`, ``ms_ssim`` and ``real_ms_ssim``.
        neighbours: Nearest training image of every synthetic one, in pixels, among those that were compared.
        scores: One row a synthetic image, see `sample_scores`.
    """

    figures: dict[str, Any]
    per_class: pd.DataFrame
    neighbours: Nearest
    scores: pd.DataFrame


def assess_generator(train: Side, val: Side, synthetic: Side, gate: GateSpec, rng: np.random.Generator) -> Assessment:
    """Assess synthetic images of a finished generator.

    Args:
        train: The real images that the generator and the judge were trained on.
        val: Held-out real images.
        synthetic: Synthetic images of every class.
        gate: What the generator must reach.
        rng: Source of the pairs for MS-SSIM, of the train images for the real reference and of those to be found out.

    Raises:
        LeftOutError: Fewer than 6 images in any of the three.
    """
    classes = train.images.classes
    per_class = quality_per_class(val.judged, synthetic.judged)
    for name, side in (("ms_ssim", synthetic), ("real_ms_ssim", train)):
        per_class[name] = intra_class_ms_ssim(side.images.images, side.images.labels, len(classes), MS_SSIM_PAIRS, rng)
    per_class.insert(0, "class_name", list(classes))
    overall = generator_quality(val.judged, synthetic.judged)
    failures, own = [each.sentence for each in find_failures(overall, per_class, classes, gate)], []
    if len(of_each := rows_by_generator(synthetic.images)) > 1:
        parts = [synthetic.judged.select(rows) for rows in of_each]
        own = [generator_quality(val.judged, part) for part in parts]
        failures = [
            f"generator {number} of {len(parts)}: {failure.sentence}"
            for number, (figures, part) in enumerate(zip(own, parts, strict=True), 1)
            for failure in find_failures(figures, quality_per_class(val.judged, part), classes, gate)
        ]
    rows = sampled(train.images.labels, len(val.images) + len(synthetic.images), math.prod(train.images.shape))
    near = train.select(rows)
    neighbours = nearest_in_pixels(synthetic.images.images, near.images.images)
    neighbours = neighbours._replace(row=rows[neighbours.row])
    held_out = nearest_in_pixels(val.images.images, near.images.images).distance
    in_pixels, limits = _memorisation(val, synthetic, held_out, neighbours.distance)
    in_features, _ = _memorisation(
        val, synthetic, *(nearest(side.judged.features, near.judged.features).distance for side in (val, synthetic))
    )
    figures = {
        **_failed(failures),
        **overall,
        **_by_generator(own),
        "real_reference": real_reference(train.judged, val.judged, rng),
        "diversity": {
            "inception_score": inception_score(match(val.judged, synthetic.judged)[1].probabilities),
            "real_inception_score": inception_score(val.judged.probabilities),
            "lowest_ratio": per_class["diversity_ratio"].min(),
            "ms_ssim": per_class["ms_ssim"].mean(),
            "real_ms_ssim": per_class["real_ms_ssim"].mean(),
        },
        "memorisation": {
            "train_images": len(rows),
            "pixels": in_pixels.figures(),
            "features": in_features.figures(),
        },
        "membership": _membership(train, val, synthetic, rng),
        "judge": judge_strength(val.judged),
    }
    compared = neighbours, limits
    if group_names(synthetic.images):
        compared = _in_cells(train.images, val.images, synthetic.images)
    scores = sample_scores(synthetic.images.labels, synthetic.judged.probabilities, *compared)
    return Assessment(_plain(figures), per_class.round(DECIMALS), neighbours, scores)


def _failed(failures: list[str]) -> dict[str, Any]:
    """Number and sentences: ``dvc metrics show`` leaves lists out, but shows the number."""
    return {"failed_checks": len(failures), "failures": failures}


def _by_generator(own: list[dict[str, float]]) -> dict[str, Any]:
    """Number each generator's figures, from 1; nothing where there is one."""
    return {"generators": {str(number): figures for number, figures in enumerate(own, 1)}} if own else {}


def _memorisation(
    val: Side, synthetic: Side, held_out: FloatArray, of_synthetic: FloatArray
) -> tuple[Memorisation, FloatArray]:
    """Compare distances to train in one space; give with it the distance below which each synthetic image is a copy.

    It speaks of as many synthetic images of each class as val has, or all where there are fewer.
    """
    units = class_units(held_out, val.images.labels, len(val.images.classes))
    of_image = units[synthetic.images.labels]
    rows = first_rows(synthetic.images.labels, val.images.class_counts())
    found = memorisation((of_synthetic / of_image)[rows], held_out / units[val.images.labels])
    return found, found.threshold * of_image


def _in_cells(train: ImageSet, val: ImageSet, synthetic: ImageSet) -> tuple[Nearest, FloatArray]:
    """Find the nearest training image of each synthetic one in its own cell, and the distance that makes it a copy.

    The source of a translation is near it by nature, and of another cell: only an image of the cell can be copied.
    Held-out images are measured alike, each in its cell.
    """
    near, held_out = (nearest_in_cell(images, train) for images in (synthetic, val))
    known = np.isfinite(held_out.distance)
    if not known.any():
        return near, np.zeros(len(synthetic))
    units = class_units(held_out.distance[known], val.labels[known], len(val.classes))
    scaled = held_out.distance[known] / units[val.labels[known]]
    of_image = units[synthetic.labels]
    return near, memorisation(near.distance / of_image, scaled).threshold * of_image


def _membership(train: Side, val: Side, synthetic: Side, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """In pixels and in features: how well the nearest synthetic image tells train images from held-out ones."""
    pool = draw_pool(train.images.labels, val.images.labels, rng)
    pool = pool.select(sampled(pool.labels, 2 * len(synthetic.images), math.prod(train.images.shape)))
    sides = (train, pool.members), (val, pool.others)
    found = {
        "pixels": [nearest_in_pixels(side.images.images[rows], synthetic.images.images) for side, rows in sides],
        "features": [nearest(side.judged.features[rows], synthetic.judged.features) for side, rows in sides],
    }
    return {
        space: attack(near.distance, far.distance, pool.labels, rng).figures() for space, (near, far) in found.items()
    }


def _plain(value: Any) -> Any:
    """Round for files that diff well; NaN, which JSON does not know, becomes None."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(float(value), DECIMALS)
    return value
