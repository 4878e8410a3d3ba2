"""The training images as part of a synthesizer, to be addressed by noise and label."""

import numpy as np
import torch
from torch import Tensor, nn

from augment.core.errors import LeftOutError
from augment.core.images import ImageSet
from augment.synthesis.base.draws import choose


class ImageBank(nn.Module):
    """Images kept class by class, empty until they are loaded or `fill` is called.

    A model with a bank holds the training set itself: it stands in for nothing that must stay private.

    Attributes:
        images: uint8, rows×C×H×W, the classes one after the other.
        counts: int64, shape (classes,), images of each class.

    Args:
        shape: Channels, height and width of an image.
        classes: Number of classes.
        rows: Number of images.
    """

    images: Tensor
    counts: Tensor

    def __init__(self, shape: tuple[int, int, int], classes: int, rows: int) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(rows, *shape, dtype=torch.uint8))
        self.register_buffer("counts", torch.zeros(classes, dtype=torch.int64))

    def fill(self, train: ImageSet) -> None:
        """Copy a training set of this bank's sizes into it.

        Raises:
            LeftOutError: A class has no images.
        """
        require_every_class(train)
        order = np.argsort(train.labels, kind="stable")
        self.images.copy_(torch.from_numpy(train.images[order]))
        self.counts.copy_(torch.from_numpy(train.class_counts()))

    def choose(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Choose a row of each label's class uniformly.

        Args:
            noise: float, standard normal, shape (N,).
            labels: int64, shape (N,).

        Returns:
            int64, shape (N,), indices into ``images``.
        """
        starts = self.counts.cumsum(0) - self.counts
        return starts[labels] + choose(noise, self.counts[labels])


def require_every_class(train: ImageSet) -> None:
    """Refuse a training set that lacks a class: there would be nothing to draw for its label.

    Raises:
        LeftOutError: A class has no images.
    """
    empty = [name for name, count in zip(train.classes, train.class_counts(), strict=True) if count == 0]
    if empty:
        raise LeftOutError(f"train: expected at least 1 image of every class, found 0 of {', '.join(empty)}")
