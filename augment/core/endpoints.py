"""What the verdict is asked: a figure named before the run, over some of the images and with weights of its own.

Every endpoint is the mean hit rate of one or more blocks of images, or that of the worst block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from augment.core.cells import Cells
from augment.core.errors import DataError
from augment.core.images import FloatArray, IntArray
from augment.core.settings_block import Spec

Endpoint = Literal["accuracy", "balanced_accuracy", "cells", "worst_group", "rare_cells"]

ACCURACY: Endpoint = "accuracy"

OF_GROUPS: tuple[Endpoint, ...] = ("cells", "worst_group", "rare_cells")
"""Those that ask for images with groups."""


class VerdictSpec(Spec):
    """What is asked, before anything is seen.

    Attributes:
        endpoint: The figure that arms are compared by, chosen by on val, and stopped by: ``accuracy``;
            ``balanced_accuracy``, the mean over classes; ``cells``, the mean over all cells of class and group;
            ``worst_group``, the accuracy of the group that fares worst; ``rare_cells``, the mean over the cells that
            have less than a third of the largest cell's real training images, or none.
    """

    endpoint: Endpoint = ACCURACY


@dataclass(frozen=True)
class Blocks:
    """The images that an endpoint looks at.

    Attributes:
        rows: Rows of each block, at least one block, none empty.
        worst: Whether the worst block counts, not the mean of all.
    """

    rows: tuple[IntArray, ...]
    worst: bool = False

    def counted(self, hits: npt.NDArray[np.generic]) -> tuple[IntArray, ...]:
        """Give the blocks whose mean is the endpoint.

        Args:
            hits: Which images are right, one run or several: …×N.
        """
        if not self.worst:
            return self.rows
        return (min(self.rows, key=lambda rows: float(hits[..., rows].mean())),)

    def value(self, values: npt.NDArray[np.generic], hits: npt.NDArray[np.generic]) -> float:
        """Mean over the counted blocks of the mean over their images; ``values`` may be other figures than the hits."""
        return float(np.mean([values[..., rows].mean() for rows in self.counted(hits)]))

    def of_runs(self, hits: FloatArray) -> FloatArray:
        """Give the endpoint of each run, shape (R,); all runs count the same blocks."""
        return np.mean([hits[:, rows].mean(axis=1) for rows in self.counted(hits)], axis=0)


def find_blocks(
    endpoint: Endpoint,
    labels: IntArray,
    groups: Sequence[str] | npt.NDArray[np.object_] | None,
    train: Cells | None = None,
    fewest: int = 1,
) -> Blocks | None:
    """Find what an endpoint looks at.

    Args:
        endpoint: Which.
        labels: Class indices, shape (N,).
        groups: Name of each image's group; None where they have none.
        train: Real training images of each cell: say which are rare.
        fewest: Images that a block must have; a smaller one is left out.

    Returns:
        None where no block is that large, as val may have no image of any rare cell.

    Raises:
        DataError: The endpoint asks for groups, and there are none.
    """
    if endpoint == ACCURACY:
        return _blocks([np.arange(len(labels), dtype=np.int64)], fewest)
    if endpoint == "balanced_accuracy":
        return _blocks([np.flatnonzero(labels == label) for label in np.unique(labels)], fewest)
    if groups is None:
        raise DataError(
            f"verdict.endpoint: {endpoint} asks for images with groups, and these have none; expected a source that "
            "tells each image's group (docs/datasets.md), or endpoint accuracy or balanced_accuracy"
        )
    of_group = {name: np.flatnonzero(np.asarray(groups, dtype=object) == name) for name in sorted(set(groups))}
    if endpoint == "worst_group":
        return _blocks(list(of_group.values()), fewest, worst=True)
    cells = {
        (label, name): rows[labels[rows] == label] for label in np.unique(labels) for name, rows in of_group.items()
    }
    if endpoint == "rare_cells":
        cells = {cell: rows for cell, rows in cells.items() if train is not None and _is_rare(*cell, train)}
    return _blocks(list(cells.values()), fewest)


def _blocks(rows: Sequence[IntArray], fewest: int, *, worst: bool = False) -> Blocks | None:
    large = tuple(block for block in rows if len(block) >= max(fewest, 1))
    return Blocks(large, worst) if large else None


def _is_rare(label: int, group: str, train: Cells) -> bool:
    return group not in train.groups or bool(train.rare[label, train.groups.index(group)])


def contrast(parts: Sequence[tuple[float, FloatArray]]) -> FloatArray:
    """Lay blocks out as one table of runs × images whose mean in each run is their weighted sum.

    What estimates a plain mean then estimates the sum: an image counts by its deviation from its block, as the blocks
    are what the endpoint is made of, not a sample (linearisation; Särndal et al., "Model Assisted Survey Sampling",
    1992, ch. 5.5). With c the weight of a block of n among N images, the deviations are multiplied by c·N/n, and by
    √((n / (n - 1)) · ((N - 1) / N)), so that the variance of the image means over N is that of the weighted sum.

    Args:
        parts: Weight and values of each block, R×n; n ≥ 2, or such a block shows no spread.

    Returns:
        R×N; the values themselves of a single block of weight 1.
    """
    if len(parts) == 1 and parts[0][0] == 1.0:
        return parts[0][1]
    total = sum(values.shape[1] for _, values in parts)
    of_runs = np.sum([weight * values.mean(axis=1, keepdims=True) for weight, values in parts], axis=0)
    columns = []
    for weight, values in parts:
        images = values.shape[1]
        scale = weight * total / images * (images / max(images - 1, 1) * (total - 1) / total) ** 0.5
        columns.append(of_runs + scale * (values - values.mean(axis=1, keepdims=True)))
    return np.concatenate(columns, axis=1)
