"""torchvision's ResNet-18, for small images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import BACKBONES

if TYPE_CHECKING:
    from augment.classifier.networks import Backbone

FEATURES = 512


@BACKBONES.register
def resnet18(shape: tuple[int, int, int], classes: int) -> Backbone:
    """Torchvision's ResNet-18 ([1512.03385](https://arxiv.org/abs/1512.03385)) with a 3×3 stem and no max-pool.

    It is the stem that the paper has for CIFAR, section 4.2: that for ImageNet would leave 2×2 of 8×8 pixels.

    Args:
        shape: Channels, height and width of the images; of any size, the stages halve them three times.
        classes: Number of classes.
    """
    from torch import nn
    from torchvision.models import resnet18 as built

    from augment.classifier.networks import Backbone

    network = built(num_classes=classes)
    stem = nn.Conv2d(shape[0], network.bn1.num_features, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")  # as torchvision does its own
    stages = [nn.Sequential(stem, network.bn1, network.relu)]
    stages += [network.layer1, network.layer2, network.layer3, network.layer4]
    return Backbone(stages, FEATURES, classes)
