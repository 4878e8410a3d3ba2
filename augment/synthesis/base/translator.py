"""Synthesizers that know groups: each translates an image to what another group would have made of it, class kept."""

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor

from augment.core.cells import cell_numbers, count_cells, group_names
from augment.core.errors import LeftOutError
from augment.core.images import ImageSet
from augment.runtime.batches import to_float
from augment.synthesis.base.draws import choose
from augment.synthesis.base.synthesizer import Synthesizer

FEWEST_GROUPS = 2


class Translator(Synthesizer):
    """Translates training images between groups; in evaluation mode a deterministic function of its arguments.

    It holds the training images. The first entry of the noise chooses, among the class's images of all other groups,
    the one that is translated; the second chooses the target group where none is asked for. Further entries are the
    method's.

    Attributes:
        images: uint8, rows×C×H×W, cell after cell: by class, then by group.
        counts: int64, K×G, images of each cell.
        groups: G.

    Args:
        shape: Channels, height and width of an image.
        classes: K.
        rows: Number of training images.
        groups: G, at least 2.
    """

    images: Tensor
    counts: Tensor
    latent_dim = 2

    def __init__(self, shape: tuple[int, int, int], classes: int, rows: int, groups: int) -> None:
        super().__init__()
        self.classes, self.groups = classes, groups
        self.sizes = {"rows": rows, "groups": groups}
        self.register_buffer("images", torch.zeros(rows, *shape, dtype=torch.uint8))
        self.register_buffer("counts", torch.zeros(classes, groups, dtype=torch.int64))

    def fill(self, train: ImageSet) -> None:
        """Copy a training set of these sizes into it.

        Raises:
            LeftOutError: See `require_groups`.
        """
        groups = require_groups(train)
        order = np.argsort(cell_numbers(train, groups), kind="stable")
        self.images.copy_(torch.from_numpy(train.images[order]))
        self.counts.copy_(torch.from_numpy(count_cells(train, groups).counts))

    @property
    def group_of_rows(self) -> Tensor:
        """Place of the group of each image, int64, shape (rows,)."""
        places = torch.arange(self.groups, device=self.counts.device).repeat(self.classes)
        return places.repeat_interleave(self.counts.flatten())

    @property
    def can_fill(self) -> Tensor:
        """Which cells it can translate to, bool, K×G: another group has images of the class."""
        return self.counts.sum(1, keepdim=True) > self.counts

    def source_rows(self, noise: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
        """Choose the images to translate, each of its class's images of other groups as likely as any other.

        Args:
            noise: float, N×latent_dim, standard normal.
            labels: int64, shape (N,).
            groups: int64, shape (N,), places of the target groups; each cell must be one that it `can_fill`.

        Returns:
            int64, shape (N,), indices into ``images``.
        """
        own = self.counts[labels, groups]
        starts = (self.counts.flatten().cumsum(0) - self.counts.flatten()).view_as(self.counts)
        first, chosen = starts[labels, 0], choose(noise[:, 0], self.counts.sum(1)[labels] - own)
        before = starts[labels, groups] - first
        return first + torch.where(chosen < before, chosen, chosen + own)

    def target_groups(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Choose a group for each label, int64, shape (N,), each that it can fill as likely as any other."""
        possible = self.can_fill[labels]
        number = choose(noise[:, 1], possible.sum(1))
        return ((possible.cumsum(1) - 1 == number[:, None]) & possible).int().argmax(1)

    def forward(self, noise: Tensor, labels: Tensor, groups: Tensor | None = None) -> Tensor:
        """Translate images.

        Args:
            noise: float32, N×latent_dim, standard normal.
            labels: int64, N class indices.
            groups: int64, N places of the target groups; chosen by the noise if left out.

        Returns:
            float32, N×C×H×W in [-1, 1].
        """
        targets = self.target_groups(noise, labels) if groups is None else groups
        rows = self.source_rows(noise, labels, targets)
        translated = self.translate(to_float(self.images[rows]), self.group_of_rows[rows], targets, noise)
        return translated.clamp(-1.0, 1.0)

    @abstractmethod
    def translate(self, images: Tensor, origins: Tensor, targets: Tensor, noise: Tensor) -> Tensor:
        """Give what the target groups would have made of images.

        Args:
            images: float32, N×C×H×W in [-1, 1].
            origins: int64, shape (N,): places of the groups that they are of.
            targets: int64, shape (N,): places of the groups to translate to.
            noise: float32, N×latent_dim, standard normal.

        Returns:
            float32, N×C×H×W; what lies beyond -1 and 1 is cut off.
        """


def require_groups(train: ImageSet) -> tuple[str, ...]:
    """Give the names of the groups of a training set that translations can be learnt from.

    Raises:
        LeftOutError: There are fewer than two, an image has none, or a class has no images.
    """
    groups = group_names(train)
    if len(groups) < FEWEST_GROUPS:
        raise LeftOutError(
            f"train: expected images of at least {FEWEST_GROUPS} groups to translate between, found "
            f"{', '.join(groups) or 'no groups'}; a source tells each image's group by the setting groups"
        )
    without = int((cell_numbers(train, groups) < 0).sum())
    if without:
        raise LeftOutError(f"train: expected a group of every image, found {without} without one")
    empty = [name for name, count in zip(train.classes, train.class_counts(), strict=True) if count == 0]
    if empty:
        raise LeftOutError(f"train: expected at least 1 image of every class, found 0 of {', '.join(empty)}")
    return groups
