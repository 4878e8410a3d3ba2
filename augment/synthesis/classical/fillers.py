"""Ways to make an image of one group look like those of another, without training: rivals of a trained translator."""

import math
from itertools import permutations

import numpy as np
import torch
from scipy import linalg
from sklearn.decomposition import PCA
from torch import Tensor

from augment.core.cells import cell_numbers
from augment.core.images import FloatArray, ImageSet, IntArray
from augment.runtime.batches import to_float
from augment.synthesis.base.draws import choose
from augment.synthesis.base.translator import Translator, require_groups
from augment.synthesis.classical.alignment import alignment, frames, warp
from augment.synthesis.classical.fillers_spec import FourierSpec, HistogramSpec, TransportSpec


class Transport(Translator):
    """The linear optimal-transport map between the Gaussians of two groups, over principal components.

    Before it, images are drawn as large, and where, the target group's are.

    Attributes:
        places: float32, G×G×2×3: from places in the second group's images to those in the first's; see `alignment`.
        centre: float32, shape (pixels,): mean of all images.
        basis: float32, components×pixels, orthonormal rows.
        means: float32, 2×G×G×components: of the first group's images as the second shows them, and of the second's.
        maps: float32, G×G×components×components: from the first group to the second.
    """

    places: Tensor
    centre: Tensor
    basis: Tensor
    means: Tensor
    maps: Tensor

    def __init__(
        self, spec: TransportSpec, shape: tuple[int, int, int], classes: int, *, rows: int, groups: int, components: int
    ) -> None:
        super().__init__(shape, classes, rows, groups)
        self.sizes = {"rows": rows, "groups": groups, "components": components}
        self.strength = spec.strength
        self.register_buffer("places", torch.eye(2, 3).repeat(groups, groups, 1, 1))
        self.register_buffer("centre", torch.zeros(math.prod(shape)))
        self.register_buffer("basis", torch.zeros(components, math.prod(shape)))
        self.register_buffer("means", torch.zeros(2, groups, groups, components))
        self.register_buffer("maps", torch.zeros(groups, groups, components, components))

    def translate(self, images: Tensor, origins: Tensor, targets: Tensor, noise: Tensor) -> Tensor:  # noqa: ARG002  # all are called alike
        """Move an image's coordinates; what the components do not hold of it stays."""
        with torch.autocast(images.device.type, enabled=False):  # eight bits of each coordinate would be seen
            shown = warp(images, self.places[origins, targets])
            coordinates = (shown.flatten(1) - self.centre) @ self.basis.T
            before, after = self.means[:, origins, targets]
            moved = after + (self.maps[origins, targets] @ (coordinates - before)[:, :, None])[:, :, 0]
            return shown + (self.strength * (moved - coordinates) @ self.basis).view_as(images)


def fit_transport(train: ImageSet, spec: TransportSpec, seed: int = 0) -> Transport:  # noqa: ARG001  # all are called alike
    """Fit the maps.

    Two groups are compared by the classes that both have, or by all where they share none; every cell weighs the same
    in mean and covariance. So neither a class that one group lacks nor one that is frequent in one and rare in the
    other passes for a difference between the two, as far as that can be told.

    Args:
        train: Real images with groups.
        spec: The settings.
        seed: Unused: nothing is drawn.

    Raises:
        LeftOutError: See `require_groups`.
    """
    groups = require_groups(train)
    images = to_float(torch.from_numpy(np.array(train.images)))
    flat = images.flatten(1).double().numpy()
    components = min(spec.components, len(flat) - 1, flat.shape[1]) or 1
    pca = PCA(components, svd_solver="full").fit(flat)
    found = Transport(spec, train.shape, len(train.classes), rows=len(train), groups=len(groups), components=components)
    found.fill(train)
    found.centre.copy_(torch.from_numpy(pca.mean_))
    found.basis.copy_(torch.from_numpy(pca.components_))
    cells = cell_numbers(train, groups)
    labels, places = cells // len(groups), cells % len(groups)
    of_classes = [frames(images[places == group], labels[places == group]) for group in range(len(groups))]
    for pair in permutations(range(len(groups)), 2):
        shared = np.intersect1d(*(labels[places == group] for group in pair))
        rows = [np.flatnonzero((places == group) & (np.isin(labels, shared) | (len(shared) == 0))) for group in pair]
        if spec.align:
            found.places[pair] = torch.from_numpy(alignment(*(of_classes[group] for group in pair)))
        shown = warp(images[rows[0]], found.places[pair].expand(len(rows[0]), -1, -1)), images[rows[1]]
        moments = [
            _moments((each.flatten(1).double().numpy() - pca.mean_) @ pca.components_.T, labels[of], spec.ridge)
            for each, of in zip(shown, rows, strict=True)
        ]
        found.means[:, *pair] = torch.from_numpy(np.stack([mean for mean, _ in moments]))
        found.maps[pair] = torch.from_numpy(monge_map(*(covariance for _, covariance in moments)))
    return found


def _moments(coordinates: FloatArray, labels: IntArray, ridge: float) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance over classes, each of which weighs the same; the ridge is on the diagonal."""
    weights = 1.0 / np.bincount(labels)[labels]
    mean = np.average(coordinates, axis=0, weights=weights)
    about = coordinates - mean
    covariance = (about * weights[:, None]).T @ about / weights.sum()
    return mean, covariance + ridge * np.eye(len(mean))


def monge_map(covariance: FloatArray, target: FloatArray) -> FloatArray:
    """Give the linear map that turns one covariance into another by the least mean squared movement.

    A = Σ^(-1/2) (Σ^(1/2) T Σ^(1/2))^(1/2) Σ^(-1/2): Peyré & Cuturi, "Computational Optimal Transport", 2019, remark
    2.31.

    Args:
        covariance: Σ, D×D, positive definite.
        target: T, D×D, positive definite.

    Returns:
        A, D×D, symmetric, with A Σ A = T.
    """
    values, vectors = linalg.eigh(covariance)
    root, inverse = (vectors * values**power @ vectors.T for power in (0.5, -0.5))
    middle_values, middle_vectors = linalg.eigh(root @ target @ root)
    middle = middle_vectors * np.maximum(middle_values, 0.0) ** 0.5 @ middle_vectors.T
    found: FloatArray = inverse @ middle @ inverse
    return found


class _ByReference(Translator):
    """Takes the look of a random training image of the target group; a third entry of the noise chooses it."""

    latent_dim = 3

    def references(self, targets: Tensor, noise: Tensor) -> Tensor:
        """Give an image of each target group, float32, N×C×H×W in [-1, 1]."""
        of_rows = self.group_of_rows
        order, counts = of_rows.argsort(stable=True), of_rows.bincount(minlength=self.groups)
        starts = counts.cumsum(0) - counts
        return to_float(self.images[order[starts[targets] + choose(noise[:, 2], counts[targets])]])


class Fourier(_ByReference):
    """Fourier domain adaptation: low frequencies get the amplitudes of an image of the target group."""

    def __init__(self, spec: FourierSpec, shape: tuple[int, int, int], classes: int, *, rows: int, groups: int) -> None:
        super().__init__(shape, classes, rows, groups)
        self.reach = spec.reach

    def translate(self, images: Tensor, origins: Tensor, targets: Tensor, noise: Tensor) -> Tensor:  # noqa: ARG002  # all are called alike
        """Exchange amplitudes, keep phases (Yang & Soatto, 2020, arXiv 2004.05498, equation 3)."""
        own, other = (torch.fft.fft2(each) for each in (images, self.references(targets, noise)))
        low = low_frequencies(images.shape[2], images.shape[3], self.reach).to(images.device)
        amplitude = torch.where(low, other.abs(), own.abs())
        return torch.fft.ifft2(torch.polar(amplitude, own.angle())).real


def low_frequencies(height: int, width: int, reach: float) -> Tensor:
    """Tell which frequencies are low: up to ``reach`` times the shorter side, but at least 1, cycles along each axis.

    Returns:
        bool, height×width, in the order of ``torch.fft.fft2``.
    """
    most = max(1, math.floor(reach * min(height, width)))
    rows, columns = (torch.fft.fftfreq(side, 1 / side).abs() <= most for side in (height, width))
    return rows[:, None] & columns[None, :]


class Histogram(_ByReference):
    """Histogram matching: pixel values get the distribution that they have in an image of the target group."""

    def __init__(
        self,
        spec: HistogramSpec,  # noqa: ARG002  # all are built alike
        shape: tuple[int, int, int],
        classes: int,
        *,
        rows: int,
        groups: int,
    ) -> None:
        super().__init__(shape, classes, rows, groups)

    def translate(self, images: Tensor, origins: Tensor, targets: Tensor, noise: Tensor) -> Tensor:  # noqa: ARG002  # all are called alike
        """Match each channel; see `matched`."""
        return matched(images.flatten(2), self.references(targets, noise).flatten(2)).view_as(images)


def matched(values: Tensor, reference: Tensor) -> Tensor:
    """Give each value the one that as large a share of the reference does not exceed; equal values stay equal.

    Args:
        values: float, …×P.
        reference: float, …×P, of the same shape.
    """
    values = values.contiguous()
    not_above = torch.searchsorted(values.sort(dim=-1).values, values, right=True)  # at least 1: the value itself
    return reference.sort(dim=-1).values.gather(-1, not_above - 1)


def fit_by_reference(train: ImageSet, spec: FourierSpec | HistogramSpec, seed: int = 0) -> Translator:  # noqa: ARG001  # all are called alike
    """Keep the training images: there is nothing else to fit.

    Raises:
        LeftOutError: See `require_groups`.
    """
    groups = require_groups(train)
    build = Fourier if isinstance(spec, FourierSpec) else Histogram
    found = build(spec, train.shape, len(train.classes), rows=len(train), groups=len(groups))  # type: ignore[arg-type]
    found.fill(train)
    return found
