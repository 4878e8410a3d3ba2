"""Set a share of images apart, each class in proportion, where some images must stay together."""

import numpy as np
import numpy.typing as npt

from augment.core.errors import DataError
from augment.core.images import FloatArray, IntArray
from augment.core.text import listed

SWAPS = 400
"""Blocks up to which pairs of them are tried for an exchange, too."""
MOST_STEPS = 1000
ABSENT = 1e6
"""What a class costs that is missing on one side: more than any want of proportion."""


def deal(
    labels: IntArray, blocks: IntArray, apart: int, classes: tuple[str, ...], need: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Set about ``apart`` images apart, whole blocks, each class in proportion.

    Blocks of several images go, the largest first, to the side that lacks them more; then single ones move or change
    places as long as that helps; images alone fill up what is missing, so that each class is within one image of its
    share where there are enough of them. Sechidis et al., "On the stratification of multi-label data", 2011, deal in
    that order.

    Args:
        labels: Shape (N,), 0 to K-1.
        blocks: Shape (N,): images of one number stay together.
        apart: How many images.
        classes: K names, for messages.
        need: Blocks of each class that must be left.
        rng: Decides among equals.

    Returns:
        Shape (N,): which images are set apart.

    Raises:
        DataError: A class has too few blocks.
    """
    _, numbers, sizes = np.unique(blocks, return_inverse=True, return_counts=True)
    several = sizes[numbers] > 1
    own, rows = np.unique(numbers[several], return_inverse=True)
    counts = np.zeros((len(own), len(classes)))
    np.add.at(counts, (rows, labels[several]), 1.0)
    alone = np.bincount(labels[~several], minlength=len(classes)).astype(np.float64)
    _require_blocks((counts > 0).sum(axis=0) + alone, classes, need)
    wanted: FloatArray = np.bincount(labels, minlength=len(classes)).astype(np.float64) * (apart / len(labels))
    taken = Dealing(counts, alone, wanted, need).deal(rng)
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[several] = taken[rows]
    held = counts[taken].sum(axis=0)
    for label, fill in enumerate(_rounded(_fill(wanted, held, alone), alone, apart - int(held.sum()))):
        candidates = np.flatnonzero((labels == label) & ~several)
        chosen[rng.permutation(candidates)[:fill]] = True
    return chosen


def _require_blocks(found: FloatArray, classes: tuple[str, ...], need: int) -> None:
    short = [f"{classes[k]} ({found[k]:.0f})" for k in np.flatnonzero(found < need + 1)]
    if short:
        raise DataError(
            f"every class needs at least {need + 1} sets of images that may part, so that it can stand in every split; "
            f"too few of {listed(short)}. Add groups of these classes, leave the classes out, or keep less together"
        )


def _fill(wanted: FloatArray, held: FloatArray, alone: FloatArray) -> FloatArray:
    """Count the images alone that bring each class to what is wanted, and one at least where it has no other."""
    return np.clip(wanted - held, np.where(held > 0, 0.0, np.minimum(alone, 1.0)), alone)


def _rounded(fill: FloatArray, most: FloatArray, total: int) -> IntArray:
    """Round so that the sum comes as near to ``total`` as each number being off by less than one allows."""
    floor = np.floor(fill)
    order = np.argsort(-(fill - floor), kind="stable")
    up = order[(fill > floor)[order] & (floor < most)[order]][: max(0, total - int(floor.sum()))]
    floor[up] += 1
    return floor.astype(np.int64)


class Dealing:
    """Blocks of several images on two sides.

    Args:
        counts: Images of each class in each block, B×K.
        alone: Images of each class that are no such blocks, shape (K,).
        wanted: Images of each class to set apart, shape (K,).
        need: Blocks of each class that must be left.
    """

    def __init__(self, counts: FloatArray, alone: FloatArray, wanted: FloatArray, need: int) -> None:
        self._counts, self._alone, self._wanted, self._need = counts, alone, wanted, need
        self._has = (counts > 0).astype(float)

    def deal(self, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """Tell which blocks are set apart."""
        taken = self._greedy(rng)
        for _ in range(MOST_STEPS):
            better = self._better(taken)
            if better is None:
                break
            taken[better] = ~taken[better]
        return taken

    def _greedy(self, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        order = rng.permutation(len(self._counts))
        order = order[np.argsort(-self._counts[order].sum(axis=1), kind="stable")]
        total = self._counts.sum(axis=0) + self._alone
        goals = np.maximum(np.stack([total - self._wanted, self._wanted]), 1e-9)
        held = np.zeros_like(goals)
        taken = np.zeros(len(order), dtype=bool)
        for block in order:
            added = self._counts[block]
            side = int(np.argmin(((2 * held + added) * added / goals).sum(axis=1)))
            held[side] += added
            taken[block] = side == 1
        return taken

    def _better(self, taken: npt.NDArray[np.bool_]) -> IntArray | None:
        """Find the block to move, or the two to exchange, that help most; None where nothing helps."""
        images, blocks = self._counts[taken].sum(axis=0), self._has[taken].sum(axis=0)
        sign = np.where(taken, -1.0, 1.0)[:, None]
        moved, present = sign * self._counts, sign * self._has
        now = self._loss(images, blocks)
        losses = self._loss(images + moved, blocks + present) if len(moved) else np.empty(0)
        best = np.array([int(np.argmin(losses))]) if len(losses) else None
        least = float(losses.min(initial=np.inf))
        if 0 < taken.sum() < len(taken) <= SWAPS:
            ins, outs = np.flatnonzero(~taken), np.flatnonzero(taken)
            both = self._loss(
                images + moved[ins][:, None] + moved[outs][None], blocks + present[ins][:, None] + present[outs][None]
            )
            place = np.unravel_index(int(np.argmin(both)), both.shape)
            if float(both[place]) < least - 1e-9:
                best, least = np.array([ins[place[0]], outs[place[1]]]), float(both[place])
        return best if least < float(now) - 1e-9 else None

    def _loss(self, images: FloatArray, blocks: FloatArray) -> FloatArray:
        """Weigh sides, over any axes before that of the classes: want of proportion, and classes that are missing."""
        fill = _fill(self._wanted, images, self._alone)
        left = self._has.sum(axis=0) - blocks + self._alone - fill
        off = ((images + fill - self._wanted) ** 2).sum(axis=-1)
        missing = np.maximum(0, 1 - blocks - fill) + np.maximum(0, self._need - left)
        return np.asarray(off + ABSENT * missing.sum(axis=-1))
