"""What every backbone is, and what they are made of; any size and number of channels."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class Backbone(nn.Module):
    """Stages of convolutions, a global average, a linear head.

    Args:
        stages: Modules from maps to maps, N×C×H×W.
        features: Channels F that the last of them gives.
        classes: Number of classes K.

    Attributes:
        at_once: Images that are predicted at a time.
    """

    at_once = 512

    def __init__(self, stages: Sequence[nn.Module], features: int, classes: int) -> None:
        super().__init__()
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(features, classes)
        # Grey images are in every layout at once, and only the weights can say that maps are to be channels last.
        self.to(memory_format=torch.channels_last)

    def features(self, images: Tensor, change: Callable[[Tensor], Tensor] | None = None, depth: int = 0) -> Tensor:
        """Compute the features below the head.

        Args:
            images: float, N×C×H×W in [-1, 1].
            change: What to do to the maps that enter stage ``depth``; 0 are the images themselves.
            depth: A stage's number.

        Returns:
            float32, N×F.
        """
        maps = images.contiguous(memory_format=torch.channels_last)
        for number, stage in enumerate(self.stages):
            if change is not None and number == depth:
                maps = change(maps)
            maps = stage(maps)
        return maps.mean(dim=(2, 3)).float()

    def forward(self, images: Tensor) -> Tensor:
        """Map float images, N×C×H×W in [-1, 1], to class logits, float32 N×K."""
        logits: Tensor = self.head(self.features(images))
        return logits.float()

    def begin(self) -> None:  # most begin with what they were built with
        """Take the weights that training begins with, where others trained some."""

    def rates(self, rate: float, weight_decay: float) -> list[dict[str, Any]]:
        """Give an optimiser's groups of weights: all of them with one learning rate and one weight decay."""
        return [{"params": list(self.parameters()), "lr": rate, "weight_decay": weight_decay}]

    def recall(self, images: Tensor) -> Tensor:
        """Compute the features of images that may have been seen before; see `features`."""
        return self.features(images)

    @property
    def common(self) -> nn.Module | None:
        """The part that all classifiers of an arm share, if any."""
        return None

    @property
    def own(self) -> nn.Module:
        """The rest of it."""
        return self


def convolution(before: int, after: int, *, halve: bool) -> nn.Sequential:
    """Convolve, pool, normalise, rectify: pooled first, a quarter of the numbers is left to normalise and rectify."""
    pool = [nn.MaxPool2d(2)] if halve else []
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False), *pool, nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )
