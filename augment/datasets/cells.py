"""The images of each cell of class and group, counted for the account of a dataset."""

from collections import Counter
from collections.abc import Iterator, Mapping

from augment.core.cells import RARE
from augment.core.images import IntArray
from augment.core.text import listed
from augment.datasets.raw import RawImages

MOST_GROUPS = 12
"""Groups up to which cells are told: hospitals or cameras, not patients, of whom each has few classes anyway."""

CellCounts = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Class → group → split → images."""


def cells_in(everything: RawImages, dealt: Mapping[str, IntArray]) -> dict[str, dict[str, dict[str, int]]]:
    """Count the images of each class from each group in each split.

    Args:
        everything: All images.
        dealt: Split → its rows.

    Returns:
        Class → group → split → images; empty where there is one group, or none, or more than `MOST_GROUPS`.
    """
    if everything.groups is None:
        return {}
    groups = sorted(set(everything.groups.tolist()) - {""})
    if not 1 < len(groups) <= MOST_GROUPS:
        return {}
    found = {
        split: Counter(zip(everything.labels[rows].tolist(), everything.groups[rows].tolist(), strict=True))
        for split, rows in dealt.items()
    }
    return {
        name: {group: {split: counts[label, group] for split, counts in found.items()} for group in groups}
        for label, name in enumerate(everything.classes)
    }


def scarce_cells(cells: CellCounts) -> Iterator[str]:
    """Say which cells training lacks, or has few images of, beside the largest; groups set apart whole are meant so."""
    trained = {group for of in cells.values() for group, counts in of.items() if counts["train"]}
    train = {
        (name, group): counts["train"] for name, of in cells.items() for group, counts in of.items() if group in trained
    }
    largest = max(train.values(), default=0)
    empty = [f"{name} from {group}" for (name, group), count in train.items() if not count]
    rare = [f"{name} from {group} ({count})" for (name, group), count in train.items() if 0 < count * RARE < largest]
    if empty:
        yield (
            f"no train image of {listed(empty)}: a classifier may take the group for the class there, and val cannot "
            "show it. A few real images help most; docs/arms.md tells what else does"
        )
    if rare:
        yield f"few train images of {listed(rare)}, beside {largest} of the largest cell of class and group"
