"""Differences between arms on parts of the test images: each class, frequent and rare classes, groups."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from augment.comparison.arms import Arm
from augment.comparison.asked import FEWEST_IMAGES
from augment.comparison.intervals import Estimate, crossed_contrast
from augment.comparison.paired import differences
from augment.comparison.significance import holm
from augment.core.cells import Cells
from augment.core.images import FloatArray, IntArray
from augment.results.kinds import PartKind
from augment.results.wording import cell_name

TIERS = ("tail", "middle", "head")
LOPSIDED = 3.0
"""Most over fewest training images of a class from which on there are rare classes to speak of."""

DIFFERENCES = ("difference", "low", "high", "p", "p_holm")
RECALL_COLUMNS = ("arm", "baseline", "kind", "name", "train_images", "test_images", "recall", *DIFFERENCES)
"""What `recall_table` tells."""


class Subset(NamedTuple):
    """Some of the test images.

    Attributes:
        kind: What they have in common.
        name: E.g. ``cat``, ``tail`` or ``hospital A``.
        blocks: Rows of test images, one array for each class of a tier, else one: blocks count alike, so that the
            recall of a tier is the mean of its classes' recalls.
    """

    kind: PartKind
    name: str
    blocks: tuple[IntArray, ...]

    @property
    def images(self) -> int:
        """Number of test images."""
        return sum(len(rows) for rows in self.blocks)

    @property
    def measurable(self) -> bool:
        """Whether every block has images enough for an interval."""
        return bool(self.blocks) and min(len(rows) for rows in self.blocks) >= FEWEST_IMAGES


class Gap(NamedTuple):
    """Two groups between which accuracy differs most.

    Attributes:
        highest: The group that all arms together do best on.
        lowest: The group that they do worst on.
        pairs: Pairs of groups among which this one was found.
    """

    highest: Subset
    lowest: Subset
    pairs: int


def subsets(reference: Arm) -> list[Subset]:
    """List the classes, the tiers if the real images are lopsided, groups and cells if the test images have groups."""
    predictions = reference.predictions
    rows = [np.flatnonzero(predictions.labels == k) for k in range(len(predictions.classes))]
    found = [Subset(PartKind.CLASS, name, (rows[k],)) for k, name in enumerate(predictions.classes)]
    for name, members in _tested_tiers(reference).items():
        found.append(Subset(PartKind.TIER, name, tuple(rows[k] for k in members)))
    groups = np.asarray(predictions.truth.groups or (), dtype=object)
    of_group = {name: np.flatnonzero(groups == name) for name in sorted(set(groups))}
    found += [Subset(PartKind.GROUP, name, (own,)) for name, own in of_group.items()]
    cells = [(k, name, np.intersect1d(rows[k], own)) for k in range(len(rows)) for name, own in of_group.items()]
    found += [
        Subset(PartKind.CELL, cell_name(predictions.classes[k], name), (own,)) for k, name, own in cells if len(own)
    ]
    return found


def tiers(counts: IntArray) -> dict[str, IntArray]:
    """Part classes into head, middle and tail by their number of training images.

    The range from fewest to most is cut into three equal ratios: 500 → 5 at about 108 and 23. Equal counts never part,
    so that a tier may be empty; it is then left out. Liu et al., "Large-scale long-tailed recognition in an open
    world", 2019, cut at 100 and 20, which fits data of their size only.

    Args:
        counts: Training images of each class, shape (K,).

    Returns:
        Tier → class indices, head first; empty where the most frequent class has less than `LOPSIDED` times the
        images of the rarest.
    """
    present = np.maximum(counts, 1)
    ratio = present.max() / present.min()
    if ratio < LOPSIDED:
        return {}
    step = np.minimum(np.floor(3 * np.log(present / present.min()) / np.log(ratio) + 1e-9), 2)
    members = {name: np.flatnonzero(step == number) for number, name in enumerate(TIERS)}
    return {name: members[name] for name in reversed(TIERS) if len(members[name])}


def _tested_tiers(reference: Arm) -> dict[str, IntArray]:
    """Give `tiers` less the classes that have too few test images for an interval, unless that leaves a tier empty.

    A tier's figures are all of the same classes: one without spread would cost the others their interval.
    """
    predictions = reference.predictions
    tested = np.bincount(predictions.labels, minlength=len(predictions.classes))
    return {
        name: next(part for least in (FEWEST_IMAGES, 1, 0) if len(part := members[tested[members] >= least]))
        for name, members in tiers(reference.train_counts).items()
    }


def mean_in(values: FloatArray, subset: Subset) -> float:
    """Mean over blocks of a table of runs × all test images; NaN where the subset has no image."""
    means = [values[:, rows].mean() for rows in subset.blocks if len(rows)]
    return float(np.mean(means)) if means else float("nan")


def estimate_in(values: FloatArray, subset: Subset, units: IntArray | None = None) -> Estimate:
    """The same with its standard error; the subset must be measurable.

    Args:
        values: Runs × all test images.
        subset: Some of them.
        units: Number of each test image's group, where groups are the unit. A group or a cell is of one group, so that
            its images stay the unit.
    """
    share = 1 / len(subset.blocks)
    own = None if units is None else [units[rows] for rows in subset.blocks]
    return crossed_contrast([values[:, rows] for rows in subset.blocks], [share] * len(subset.blocks), units=own)


def recall_table(
    arms: Sequence[Arm], baselines: Sequence[Arm], reference: Arm, units: IntArray | None = None
) -> pd.DataFrame:
    """Lay out the recall of every arm on every subset, and its difference to each baseline.

    Args:
        arms: All arms of a dataset.
        baselines: What they are compared with.
        reference: The arm whose training images say which classes are rare.
        units: Number of each test image's group, where groups are the unit; None where images are.

    Returns:
        One row for each arm, baseline and subset: ``arm``, ``baseline``, ``kind``, ``name``, ``train_images`` (the
        arm's own; missing for groups), ``test_images``, ``recall``, ``difference``, ``low``, ``high``, ``p`` and
        ``p_holm`` (corrected over the subsets of the same kind). Missing where there are too few images, or an arm is
        the baseline itself.
    """
    parts = subsets(reference)
    label_of = {name: k for k, name in enumerate(reference.predictions.classes)}
    tier_members = _tested_tiers(reference)
    tables = []
    for arm in arms:
        hits = arm.predictions.hits
        train_images = {
            PartKind.CLASS: {name: arm.train_counts[k] for name, k in label_of.items()},
            PartKind.TIER: {name: arm.train_counts[members].sum() for name, members in tier_members.items()},
            PartKind.CELL: _cell_counts(arm.train_cells),
        }
        same = pd.DataFrame(
            {
                "kind": [part.kind.value for part in parts],
                "name": [part.name for part in parts],
                "train_images": [train_images.get(part.kind, {}).get(part.name) for part in parts],
                "test_images": [part.images for part in parts],
                "recall": [mean_in(hits, part) for part in parts],
            }
        ).astype({"train_images": "Int64"})
        for baseline in baselines:
            table = pd.concat([same, _differences(arm, baseline, parts, units)], axis=1)
            table.insert(0, "arm", arm.name)
            table.insert(1, "baseline", baseline.name)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _cell_counts(cells: Cells | None) -> dict[str, int]:
    if cells is None:
        return {}
    return {
        cell_name(name, group): int(cells.counts[k, g])
        for k, name in enumerate(cells.classes)
        for g, group in enumerate(cells.groups)
    }


def _differences(arm: Arm, baseline: Arm, parts: Sequence[Subset], units: IntArray | None) -> pd.DataFrame:
    table = pd.DataFrame(index=range(len(parts)), columns=list(DIFFERENCES), dtype=float)
    if arm is baseline:
        return table
    values = differences(arm, baseline)
    for row, part in enumerate(parts):
        if part.measurable:
            estimate = estimate_in(values, part, units)
            interval = estimate.interval()
            ends = interval.mean, interval.low, interval.high
            table.loc[row, ["difference", "low", "high", "p"]] = [*ends, estimate.p_value()]
    kinds = pd.Series([part.kind.value for part in parts])
    for kind in kinds.unique():
        tested = table.index[(kinds == kind) & table["p"].notna()]
        table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"].to_numpy())
    return table


def widest_gap(arms: Sequence[Arm], reference: Arm) -> Gap | None:
    """Find the two groups that differ most in accuracy over all arms together.

    Taken from all arms alike: were it the widest gap of the reference, chance alone would make the others' narrower.

    Returns:
        None where the test images have fewer than two groups of at least `FEWEST_IMAGES`.
    """
    groups = [part for part in subsets(reference) if part.kind is PartKind.GROUP and part.measurable]
    if len(groups) < 2:
        return None
    hits = np.mean([arm.predictions.hits for arm in arms], axis=0)
    ordered = sorted(groups, key=lambda part: mean_in(hits, part))
    return Gap(highest=ordered[-1], lowest=ordered[0], pairs=math.comb(len(groups), 2))


def gap_in(values: FloatArray, gap: Gap) -> Estimate:
    """Mean of the highest group minus that of the lowest, over runs and images.

    Args:
        values: Runs × all test images, R×N: an arm's hits for its gap, `differences` for the change of the gap.
        gap: The two groups.
    """
    return crossed_contrast([values[:, gap.highest.blocks[0]], values[:, gap.lowest.blocks[0]]], [1.0, -1.0])
