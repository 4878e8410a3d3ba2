"""The judge's network: stages of a convolution, max-pool, batch norm and rectifier; a global average; a linear head.

A description of it, plain JSON, and weights are all that is kept: no code and no pickle.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from pydantic import Field, PositiveInt
from torch import Tensor, nn

from augment.core.settings_block import Spec

LARGEST = 4096
"""Channels of a layer, at most: what a file says is not believed without bounds."""


class StageSpec(Spec):
    """One stage.

    Attributes:
        channels: Of its output.
        halves: Whether height and width are halved.
    """

    channels: Annotated[PositiveInt, Field(le=LARGEST)]
    halves: bool


class Featured(Protocol):
    """A classifier that can become a judge: whatever it was made by, its modules are those of `JudgeNetwork`."""

    @property
    def stages(self) -> nn.Sequential:
        """The layers below the head."""

    @property
    def head(self) -> nn.Module:
        """The last layer."""


class JudgeNetwork(nn.Module):
    """From images to features and class logits.

    Args:
        channels: Channels of the images, which may be of any size that the halvings leave a pixel of.
        classes: Number of classes K.
        stages: Layers below the head; the last one's channels are the features F.
    """

    def __init__(self, channels: int, classes: int, stages: Sequence[StageSpec]) -> None:
        super().__init__()
        before = [channels, *(stage.channels for stage in stages)]
        self.stages = nn.Sequential(*(_stage(*pair) for pair in zip(before, stages, strict=False)))
        self.head = nn.Linear(before[-1], classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map float images, N×C×H×W in [-1, 1], to features, float32 N×F, and logits, float32 N×K."""
        features = self.stages(images).mean(dim=(2, 3)).float()
        return features, self.head(features).float()


def describe(network: Featured) -> list[dict[str, Any]]:
    """Give the stages of a trained classifier as `StageSpec` reads them."""
    return [
        {
            "channels": next(part.out_channels for part in stage.modules() if isinstance(part, nn.Conv2d)),
            "halves": any(isinstance(part, nn.MaxPool2d) for part in stage.modules()),
        }
        for stage in network.stages
    ]


def _stage(before: int, stage: StageSpec) -> nn.Sequential:
    pool = [nn.MaxPool2d(2)] if stage.halves else []
    convolution = nn.Conv2d(before, stage.channels, 3, padding=1, bias=False)
    return nn.Sequential(convolution, *pool, nn.BatchNorm2d(stage.channels), nn.ReLU(inplace=True))
