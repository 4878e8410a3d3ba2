"""What a step makes small: cross-entropy, and what a recipe adds for the sake of groups or of images without labels."""

from itertools import combinations

import torch
from torch import Tensor

from augment.classifier.classifier_spec import RecipeSpec
from augment.classifier.fixmatch import consistency
from augment.classifier.parts import Origin
from augment.classifier.recipes import Batch
from augment.classifier.targets import soft_cross_entropy
from augment.classifier.unlabelled_spec import FixMatch

RATE = 0.01
"""How fast the weights of cells follow their losses: η_q of Sagawa et al., 2020, arXiv 1911.08731."""

FEWEST_IMAGES = 2
"""Images of a group that a batch must have for a covariance."""


def soft_cross_entropy_of(logits: Tensor, features: Tensor, batch: Batch) -> Tensor:  # noqa: ARG001  # as an Objective
    """Give the mean cross-entropy of a batch."""
    return soft_cross_entropy(logits, batch.targets)


class Objective:
    """The loss of a recipe over a training: it may remember how cells have fared.

    Args:
        recipe: Says which.
    """

    def __init__(self, recipe: RecipeSpec) -> None:
        self._dro, self._coral = recipe.loss == "group_dro", recipe.coral
        self._fixmatch = recipe.unlabelled if isinstance(recipe.unlabelled, FixMatch) else None
        self._weights: dict[tuple[int, int], float] = {}

    def __call__(self, logits: Tensor, features: Tensor, batch: Batch) -> Tensor:
        """Compute it.

        Args:
            logits: float32, N×K; below them those of the weak and of the strong views, if the batch has any.
            features: float32, below the head, likewise.
            batch: What is to be learnt.
        """
        if self._fixmatch is None or batch.views is None:
            return self._of_labelled(logits, features, batch)
        count = len(batch.images)
        weak, strong = logits[count:].chunk(2)
        unlabelled = consistency(weak, strong, self._fixmatch.threshold)
        return self._of_labelled(logits[:count], features[:count], batch) + self._fixmatch.weight * unlabelled

    def _of_labelled(self, logits: Tensor, features: Tensor, batch: Batch) -> Tensor:
        loss = soft_cross_entropy_of(logits, features, batch)
        if batch.origin is None:
            return loss
        if self._dro:
            loss = self._of_cells(logits, batch.targets, batch.origin)
        return loss + self._coral * coral(features, batch.origin.groups) if self._coral else loss

    def _of_cells(self, logits: Tensor, targets: Tensor, origin: Origin) -> Tensor:
        """Weigh the mean loss of each cell in the batch by how badly it has fared (algorithm 1 of the paper)."""
        losses = -(targets * logits.log_softmax(1)).sum(1)
        rows: dict[tuple[int, int], list[int]] = {}
        for row, cell in enumerate(zip(origin.labels.tolist(), origin.groups.tolist(), strict=True)):
            rows.setdefault(cell, []).append(row)
        means = {cell: losses[own].mean() for cell, own in rows.items()}
        first = 1.0 / max(len(self._weights), 1)  # of a cell not met before: as much as the others have on average
        for cell, mean in means.items():
            self._weights[cell] = self._weights.get(cell, first) * float(torch.exp(RATE * mean.detach()))
        total = sum(self._weights.values())
        self._weights = {cell: weight / total for cell, weight in self._weights.items()}
        return torch.stack([self._weights[cell] * mean for cell, mean in means.items()]).sum()


def coral(features: Tensor, groups: Tensor) -> Tensor:
    """Squared distance between the covariances of two groups over 4F², mean over all pairs; 0 for a single group.

    Sun & Saenko, "Deep CORAL", 2016, arXiv 1607.01719, equation 1.

    Args:
        features: float32, N×F.
        groups: int64, shape (N,).
    """
    of_group = [features[groups == group] for group in groups.unique().tolist()]
    found = [own.T.cov() for own in of_group if len(own) >= FEWEST_IMAGES]
    pairs = [((one - other) ** 2).sum() for one, other in combinations(found, 2)]
    if not pairs:
        return features.new_zeros(())
    return torch.stack(pairs).mean() / (4 * features.shape[1] ** 2)
