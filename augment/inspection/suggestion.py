"""A block of ``params.yaml`` for what was found, and what its split can answer."""

import math
from typing import Any, NamedTuple

import numpy as np

from augment.comparison.power import smallest_effect
from augment.core.errors import DataError
from augment.core.images import IntArray
from augment.datasets.checks import distinct
from augment.datasets.question import question
from augment.datasets.raw import RawImages
from augment.datasets.split_spec import SplitSpec
from augment.datasets.splits import Split, split_rows
from augment.inspection.findings import Findings
from augment.inspection.recognition import Block

LARGEST, QUICK = 64, 32
"""Side, in pixels, up to which images keep theirs: four times the pixels take four times as long."""
SHARE = 0.2
DISAGREE = 0.1
"""Share of test images on which two classifiers are taken to differ, where nothing is known yet."""
ALIKE = 0.05
"""Correlation in that of test images of one group, where nothing is known yet."""
STEPS, QUICK_STEPS, DRAWN = 2000, 600, 400


class Suggestion(NamedTuple):
    """What to write, and what it comes to.

    Attributes:
        source: Settings of the source.
        split: Settings of the split.
        counts: Split → images of each class, as far as they were looked at; empty where they cannot be dealt at all.
        question: Which question the split answers.
        smallest: Smallest true difference in accuracy that its test images could show.
        groups: How many groups these are of, where intervals will count groups; None where they will count images.
        doubts: What could not be had as it should be.
    """

    source: Block
    split: dict[str, Any]
    counts: dict[str, IntArray]
    question: str
    smallest: float
    groups: int | None
    doubts: list[str]


def suggest(block: Block, found: Findings, *, quick: bool = False) -> Suggestion:
    """Suggest settings, and deal the images by them."""
    source = block | {"image_size": _size(found.sizes, QUICK if quick else LARGEST)}
    source |= {"mode": "grey" if found.grey else "rgb"} | (_depth(found.between) if found.deep else {})
    split, dealt, doubts = _dealt(found)
    spec = SplitSpec.model_validate(split)
    counts = {
        name: np.bincount(found.told.labels[rows], minlength=len(found.told.classes)).astype(np.int64)
        for name, rows in dealt.items()
    }
    tested = dealt.get("test", np.empty(0, dtype=np.int64))
    groups = found.told.groups[tested] if found.told.groups is not None and spec.tests_new_groups() else None
    of_groups = None if groups is None else np.unique(groups, return_counts=True)[1].astype(np.int64)
    told = None if of_groups is None else len(of_groups)
    return Suggestion(source, split, counts, question(spec), could_show(len(tested), of_groups), told, doubts)


def could_show(images: int, groups: IntArray | None = None) -> float:
    """Give the smallest true difference in accuracy that test images could show; infinite without any.

    Images of groups tell as much as a fraction of them would (the design effect of Kish, "Survey Sampling", 1965), and
    their number of groups says how sure that is.

    Args:
        images: How many there are.
        groups: Images of each group, where groups are the unit. A single one tells of itself alone, image by image.
    """
    if images < 2:
        return math.inf
    if groups is None or len(groups) < 2:
        return smallest_effect(math.sqrt(DISAGREE / images), images - 1)
    design = 1 + ALIKE * (float(np.sum(groups**2)) / images - 1)
    return smallest_effect(math.sqrt(DISAGREE / images * design), len(groups) - 1)


def dataset_block(suggestion: Suggestion, synthesizers: dict[str, str], *, quick: bool = False) -> dict[str, Any]:
    """Give a whole block of ``params.yaml``.

    Args:
        suggestion: Of source and split.
        synthesizers: Name → kind of those that the project runs every dataset with.
        quick: Whether a first look is enough.
    """
    steps = QUICK_STEPS if quick else STEPS
    return {
        "source": suggestion.source,
        "split": suggestion.split,
        "scarcity": {"kind": "none"},
        "synthesizers": {
            name: {"kind": kind} | ({"steps": steps} if kind in ("gan", "vae") else {})
            for name, kind in synthesizers.items()
        },
        "synthesis": {"per_class": DRAWN},
        "classifier": {"flips": False},
    }


def _depth(between: tuple[float, float] | None) -> Block:
    """Keep the levels of numbers that go from 0 to 1 or to 255; what black and white are in others, each image says."""
    whole = next((high for high in (1, 255) if between and between[0] >= 0 and between[1] <= high), None)
    return {"depth": "percentile"} if whole is None else {"depth": "window", "window": [0, whole]}


def _size(sizes: IntArray, largest: int) -> int | list[int]:
    """Give the size most images have, made smaller where it is large; both sides where all are alike and not square."""
    height, width = (round(float(side)) for side in np.median(sizes, axis=0))
    alike = len(np.unique(sizes[:, 0] * 10_000 // sizes[:, 1])) == 1
    if not alike:
        height = width = min(height, width)
    shrink = min(1.0, largest / max(height, width))
    height, width = (max(8, round(side * shrink / 4) * 4 if shrink < 1 else side) for side in (height, width))
    return height if height == width else [height, width]


def _dealt(found: Findings) -> tuple[dict[str, Any], dict[str, IntArray], list[str]]:
    """Find the strictest split that these images can be dealt by, without copies and what has several labels."""
    told = found.told
    names = set() if told.splits is None else set(told.splits.tolist())
    split: dict[str, Any] = {
        name: "official" if name in names and "train" in names else SHARE for name in ("val", "test")
    }
    keep = [*(["group"] if told.groups is not None else []), *(["near_copies"] if len(found.near) else [])]
    raw = _raw(found)
    kept_once = distinct(raw).rows
    doubts: list[str] = []
    for kept in _fewer(keep):
        asked = split | ({"keep_together": kept} if kept else {})
        try:
            dealt = split_rows(raw, SplitSpec.model_validate(asked), 0, kept_once)
        except DataError as error:
            doubts.append(str(error))
            continue
        return asked, _rows(dealt, found.rows), doubts
    return split, {}, doubts


def _fewer(keep: list[str]) -> list[list[str]]:
    """List what may be kept together, the most first."""
    return [keep, *([name] for name in keep if len(keep) > 1), *([[]] if keep else [])]


def _raw(found: Findings) -> RawImages:
    told, rows = found.told, found.rows
    splits = None if told.splits is None else told.splits[rows]
    return RawImages(
        images=found.pixels,
        labels=told.labels[rows],
        classes=told.classes,
        is_test=None if splits is None else splits == "test",
        groups=None if told.groups is None else told.groups[rows],
        names=np.asarray([told.name(row) for row in rows]),
        is_val=None if splits is None else splits == "val",
    )


def _rows(split: Split, rows: IntArray) -> dict[str, IntArray]:
    return {name: rows[part] for name, part in vars(split).items()}
