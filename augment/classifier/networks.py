"""A small CNN for small images, any size and number of channels."""

import torch
from torch import Tensor, nn

SMALLEST_MAP = 2
GROWTH_LIMIT = 4


class SmallCNN(nn.Module):
    """Convolutions with batch norm, halving the map until it is tiny; global average; linear head.

    Args:
        shape: Channels, height and width of the images.
        classes: Number of classes.
        width: Channels of the first layer; doubled at each halving, up to four times.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        layers: list[nn.Module] = [_block(channels, width)]
        side, current = min(height, breadth), width
        while side > SMALLEST_MAP:
            wider = min(2 * current, GROWTH_LIMIT * width)
            layers += [_block(current, wider), nn.MaxPool2d(2)]
            side, current = side // 2, wider
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(current, classes)

    def features(self, images: Tensor) -> Tensor:
        """Map float images, N×C×H×W in [-1, 1], to the features below the head, N×F."""
        features: Tensor = self.body(images.contiguous(memory_format=torch.channels_last))
        return features.float()

    def forward(self, images: Tensor) -> Tensor:
        """Map float images, N×C×H×W in [-1, 1], to class logits, N×K."""
        logits: Tensor = self.head(self.features(images))
        return logits.float()


def _block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU())
