"""Cells of a labelled image set: what its classes and its groups make together, e.g. "melanoma, hospital B"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augment.core.images import REAL, ImageSet, IntArray

GROUP = "group"
"""Column of a manifest: a part of the population, e.g. the hospital or the camera."""

RARE = 3
"""A cell is rare where the largest has more than so many times its images."""

NO_GROUP = ""
"""What stands for the group of an image that has none; it is no group of its own where there are others."""


def groups_of(images: ImageSet) -> npt.NDArray[np.object_] | None:
    """Give the group of each image, shape (N,), `NO_GROUP` where it has none; None where there are no groups at all."""
    if GROUP not in images.manifest.columns:
        return None
    return images.manifest[GROUP].astype(object).fillna(NO_GROUP).to_numpy(dtype=object)


def group_names(images: ImageSet) -> tuple[str, ...]:
    """List the groups in order; empty where there are none."""
    groups = groups_of(images)
    return () if groups is None else tuple(sorted(set(groups) - {NO_GROUP}))


def group_places(images: ImageSet) -> IntArray:
    """Number the group of each image, int64, shape (N,); those without one share a number, 0 where none has any."""
    groups = groups_of(images)
    if groups is None:
        return np.zeros(len(images), dtype=np.int64)
    return np.unique(groups.astype(str), return_inverse=True)[1].astype(np.int64)


def cell_numbers(images: ImageSet, groups: Sequence[str]) -> IntArray:
    """Number the cell of each image, int64, shape (N,): label × G + place of its group; -1 where it is of no group.

    Args:
        images: Labelled images.
        groups: G names.
    """
    found = groups_of(images)
    if found is None:
        return np.full(len(images), -1, dtype=np.int64)
    place = {name: number for number, name in enumerate(groups)}
    numbers = np.asarray([place.get(name, -1) for name in found], dtype=np.int64)
    return np.where(numbers < 0, -1, images.labels * len(groups) + numbers)


@dataclass(frozen=True)
class Cells:
    """How many images each cell has.

    Attributes:
        classes: K names.
        groups: G names, in order.
        counts: int64, K×G.
    """

    classes: tuple[str, ...]
    groups: tuple[str, ...]
    counts: IntArray

    @property
    def empty(self) -> npt.NDArray[np.bool_]:
        """Which cells have no image, K×G."""
        return self.counts == 0

    @property
    def rare(self) -> npt.NDArray[np.bool_]:
        """Which cells have few, K×G: more than `RARE` times fewer than the largest, or none."""
        return self.counts * RARE < self.counts.max(initial=0)

    def missing(self) -> IntArray:
        """Count what each cell lacks of the largest, K×G."""
        return self.counts.max(initial=0) - self.counts

    def by_group(self) -> dict[str, tuple[int, ...]]:
        """Give the counts of each group, a number a class."""
        return {name: tuple(self.counts[:, number].tolist()) for number, name in enumerate(self.groups)}

    @classmethod
    def from_groups(cls, classes: Sequence[str], by_group: Mapping[str, Sequence[int]]) -> "Cells":
        """Take what `by_group` gave."""
        counts = np.asarray(list(by_group.values()), dtype=np.int64).reshape(len(by_group), len(classes))
        return cls(tuple(classes), tuple(by_group), counts.T)


def count_cells(images: ImageSet, groups: Sequence[str] | None = None, *, real: bool = False) -> Cells:
    """Count the images of each cell.

    Args:
        images: Labelled images.
        groups: Names of the groups to count; those that the images have, by default.
        real: Whether to leave synthetic images out.
    """
    groups = group_names(images) if groups is None else tuple(groups)
    numbers = cell_numbers(images, groups)
    counted = numbers >= 0
    if real:
        counted &= (images.manifest["origin"] == REAL).to_numpy(dtype=bool)
    size = len(images.classes) * len(groups)
    counts = np.bincount(numbers[counted], minlength=size).astype(np.int64)
    return Cells(images.classes, groups, counts.reshape(len(images.classes), len(groups)))
