"""How large two groups show things and where: a scale and a shift an axis, from what stands out of the background."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from augment.core.images import FloatArray, IntArray

ERRORS = 2.0
"""Standard errors over classes by which two groups must differ, for the difference to be taken for theirs."""


def frames(images: Tensor, cells: IntArray) -> dict[int, FloatArray]:
    """Say of each cell where the things shown are and how large they are.

    How far a pixel is from the background, the median of its image's border, is taken for a mass; the centre and the
    spread of a cell's masses are the moments by which patterns are brought to a standard place and size (Hu, 1962,
    "Visual pattern recognition by moment invariants"). An inverted image has the same.

    Args:
        images: float, N×C×H×W.
        cells: int64, shape (N,).

    Returns:
        Of each number in ``cells``: centre x and y, logarithm of the standard deviation along x and y, where an image
        reaches from -1 to 1 along both. A cell of images without any difference is left out.
    """
    images = images.double()
    border = torch.cat([images[:, :, 0], images[:, :, -1], images[:, :, :, 0], images[:, :, :, -1]], dim=2)
    masses = (images - border.median(dim=2).values[:, :, None, None]).abs().sum(1).numpy()
    found = {}
    for cell in np.unique(cells):
        mass = masses[cells == cell].sum(0)
        moments = [_moments(mass.sum(axis)) for axis in (0, 1)]  # over rows for x, over columns for y
        if all(spread > 0 for _, spread in moments):
            centres, spreads = zip(*moments, strict=True)
            found[int(cell)] = np.asarray([*centres, *np.log(spreads)])
    return found


def _moments(masses: FloatArray) -> tuple[float, float]:
    """Centre and standard deviation of masses at the middles of equal parts of [-1, 1]; 0 and 0 of no mass."""
    total = masses.sum()
    if total <= 0:
        return 0.0, 0.0
    places = (np.arange(len(masses)) + 0.5) / len(masses) * 2 - 1
    centre = float(masses @ places / total)
    return centre, float(masses @ (places - centre) ** 2 / total) ** 0.5


def alignment(origin: dict[int, FloatArray], target: dict[int, FloatArray]) -> FloatArray:
    """Give the map of places that shows a group's images as large and where another group's are.

    Classes that both groups have are compared one by one. Where they share none, one group's classes are compared with
    the other's, and what is within `ERRORS` standard errors, classes taken for draws, may be due to the classes.

    Args:
        origin: Frame of each class of the group that images are of; see `frames`.
        target: The same of the group that they are translated to.

    Returns:
        2×3, from places in the result to places in the original, as ``affine_grid`` takes it.
    """
    one, other = _differing(origin, target)
    scale = np.exp(one[2:] - other[2:])
    return np.column_stack([np.diag(scale), one[:2] - scale * other[:2]])


def _differing(origin: dict[int, FloatArray], target: dict[int, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Mean frames of two groups, equal wherever they are not clearly different."""
    shared = sorted(origin.keys() & target.keys())
    if shared:
        one, other = (np.stack([of[label] for label in shared]) for of in (origin, target))
        error = _standard_error(one - other) if len(shared) > 1 else np.zeros(4)
    elif min(len(origin), len(target)) > 1:
        one, other = (np.stack(list(of.values())) for of in (origin, target))
        error = np.hypot(_standard_error(one), _standard_error(other))
    else:
        return np.zeros(4), np.zeros(4)  # one class against another: all of it may be the classes
    first, second = one.mean(0), other.mean(0)
    return first, np.where(np.abs(first - second) > ERRORS * error, second, first)


def _standard_error(values: FloatArray) -> FloatArray:
    error: FloatArray = values.std(axis=0, ddof=1) / len(values) ** 0.5
    return error


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """Draw images with places mapped; what lies outside of one has the value at its border.

    Args:
        images: float, N×C×H×W.
        maps: float, N×2×3; see `alignment`.
    """
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
