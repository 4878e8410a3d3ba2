"""SMOTE: new images between near neighbours of a class.

Chawla et al., "SMOTE: Synthetic Minority Over-sampling Technique", 2002, arXiv 1106.1813.
"""

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from augment.core.images import ImageSet, IntArray, UInt8Array
from augment.runtime.batches import to_float
from augment.synthesis.base.draws import choose, uniform
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.classical.bank import ImageBank
from augment.synthesis.classical.smote_spec import SmoteSpec


class Smote(Synthesizer):
    """Interpolate between an image of the class and one of its nearest neighbours in it.

    Three entries of the noise choose the image, the neighbour, and the point on the line between the two.

    Attributes:
        neighbours: int64, rows×k, nearest first: indices into the bank's images.

    Args:
        spec: Says k.
        shape: Channels, height and width of an image.
        classes: Number of classes.
        rows: Number of training images.
    """

    neighbours: Tensor
    latent_dim = 3

    def __init__(self, spec: SmoteSpec, shape: tuple[int, int, int], classes: int, *, rows: int) -> None:
        super().__init__()
        self.classes = classes
        self.sizes = {"rows": rows}
        self.bank = ImageBank(shape, classes, rows)
        self.register_buffer("neighbours", torch.zeros(rows, spec.neighbours, dtype=torch.int64))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Interpolate.

        Args:
            noise: float32, N×3, standard normal.
            labels: int64, N class indices.

        Returns:
            float32, N×C×H×W in [-1, 1].
        """
        rows = self.bank.choose(noise[:, 0], labels)
        others_of_class = (self.bank.counts[labels] - 1).clamp(1, self.neighbours.shape[1])
        near = self.neighbours[rows, choose(noise[:, 1], others_of_class)]
        place = uniform(noise[:, 2]).float()[:, None, None, None]
        images = self.bank.images
        return to_float(torch.lerp(images[rows].float(), images[near].float(), place))


def fit_smote(train: ImageSet, spec: SmoteSpec, seed: int = 0) -> Smote:  # noqa: ARG001  # all are called alike
    """Find the neighbours of every training image.

    A class of one image has no neighbours: that image is repeated.

    Args:
        train: Real images to interpolate between.
        spec: How many neighbours to choose from.
        seed: Unused: nothing is drawn.

    Raises:
        DataError: A class has no images.
    """
    smote = Smote(spec, train.shape, len(train.classes), rows=len(train))
    smote.bank.fill(train)
    images, start = smote.bank.images.numpy(), 0
    for count in train.class_counts().tolist():
        block = slice(start, start + count)
        found = nearest_neighbours(images[block], spec.neighbours)
        smote.neighbours[block, : found.shape[1]] = torch.from_numpy(start + found)
        start += count
    return smote


def nearest_neighbours(images: UInt8Array, wanted: int) -> IntArray:
    """Find the nearest other images of each image by the Euclidean distance of their pixels.

    Args:
        images: uint8, N×C×H×W, N at least 1.
        wanted: Neighbours to find.

    Returns:
        int64, N×min(wanted, N - 1), nearest first; for a single image itself, 1×1.
    """
    if len(images) == 1:
        return np.zeros((1, 1), dtype=np.int64)
    pixels = images.reshape(len(images), -1).astype(np.float32)
    search = NearestNeighbors(n_neighbors=min(wanted, len(images) - 1), algorithm="brute").fit(pixels)
    neighbours: IntArray = search.kneighbors(return_distance=False)  # of the fitted images, each without itself
    return neighbours
