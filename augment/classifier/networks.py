"""Backbones for small images, by name; any size and number of channels."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from augment.classifier.specs import ClassifierSpec

SMALLEST_MAP = 2
LARGE_IMAGE = 16
"""Sides from this on are halved by the first stage, too: full size is where a small network spends its time."""
GROWTH_LIMIT = 4
RESNET18_FEATURES = 512


class Backbone(nn.Module):
    """Stages of convolutions, a global average, a linear head.

    Args:
        stages: Modules from maps to maps, N×C×H×W.
        features: Channels F that the last of them gives.
        classes: Number of classes K.
    """

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


class SmallCNN(Backbone):
    """Convolutions with max-pool and batch norm, one a stage, halving the map until it is tiny.

    Args:
        shape: Channels, height and width of the images; the shorter side counts.
        classes: Number of classes.
        width: Channels of the first stage; every later one has twice as many, up to four times in all.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int) -> None:
        channels, height, breadth = shape
        side, current = min(height, breadth), width
        halve = side >= LARGE_IMAGE
        stages = [_stage(channels, width, halve=halve)]
        side = side // 2 if halve else side
        while side > SMALLEST_MAP:
            wider = min(2 * current, GROWTH_LIMIT * width)
            stages.append(_stage(current, wider, halve=True))
            side, current = side // 2, wider
        super().__init__(stages, current, classes)


class ResNet18(Backbone):
    """torchvision's ResNet-18 (He et al., 2015, arXiv 1512.03385) with the stem it has for CIFAR there, section 4.2.

    A 3×3 convolution without stride and no max-pool: the stem for ImageNet would leave 2×2 of 8×8 pixels.

    Args:
        channels: Channels of the images; of any size, the stages halve them three times.
        classes: Number of classes.
    """

    def __init__(self, channels: int, classes: int) -> None:
        from torchvision.models import resnet18  # seconds that SmallCNN need not wait for

        network = resnet18(num_classes=classes)
        stem = nn.Conv2d(channels, network.bn1.num_features, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")  # as torchvision does its own
        stages = [nn.Sequential(stem, network.bn1, network.relu)]
        stages += [network.layer1, network.layer2, network.layer3, network.layer4]
        super().__init__(stages, RESNET18_FEATURES, classes)


def build_backbone(shape: tuple[int, int, int], classes: int, spec: ClassifierSpec) -> Backbone:
    """Build the network that a spec names, its weights drawn from torch's global generator.

    Args:
        shape: Channels, height and width of the images.
        classes: Number of classes.
        spec: Names the backbone.
    """
    if spec.backbone == "resnet18":
        return ResNet18(shape[0], classes)
    return SmallCNN(shape, classes, spec.width)


def _stage(before: int, after: int, *, halve: bool) -> nn.Sequential:
    """Convolve, pool, normalise, rectify: pooled first, a quarter of the numbers is left to normalise and rectify."""
    pool = [nn.MaxPool2d(2)] if halve else []
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False), *pool, nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )
