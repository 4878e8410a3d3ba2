"""The compact pair: few channels, and nothing but 3×3 convolutions between rearrangements of pixels into channels.

A map is halved or doubled by moving pixels, not by a stride (Shi et al., 2016, arXiv 1609.05158): most of the
arithmetic is done at half the resolution and below, and convolutions without stride run nearest to a CPU's ceiling.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from augment.synthesis.networks.architectures import Compact
from augment.synthesis.networks.layers import (
    ConditionalBatchNorm2d,
    depth_to_space,
    doublings,
    pad_to_multiple,
    space_to_depth,
)
from augment.synthesis.networks.pair import Discriminator, Generator

BASE_SIDE = 8
"""The smallest feature map has at most this side, or half of the image's."""


def level_widths(height: int, width: int, channels: int) -> list[int]:
    """Channels at half the image's resolution, at a quarter, and so on; at least two numbers."""
    return [channels * 2**k for k in range(max(2, doublings(height, width, BASE_SIDE)))]


class CompactGenerator(Generator[Compact]):
    """A convolution a level, a second one at half the resolution, and one to the image."""

    def build(self, spec: Compact) -> None:
        """Make the layers."""
        widths = level_widths(self.height, self.breadth, spec.width)[::-1]
        multiple = 2 ** len(widths)
        self.base = (widths[0], -(-self.height // multiple), -(-self.breadth // multiple))
        self.stem = nn.Linear(self.input_dim, math.prod(self.base))
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(each, self.norm_classes) for each in [*widths, widths[-1]])
        self.up = nn.ModuleList(nn.Conv2d(a, 4 * b, 3, padding=1, bias=False) for a, b in pairwise(widths))
        self.last = nn.Conv2d(widths[-1], widths[-1], 3, padding=1, bias=False)
        self.to_image = nn.Conv2d(widths[-1], 4 * self.channels, 3, padding=1)

    def draw(self, latent: Tensor, labels: Tensor) -> Tensor:
        """See `Generator.draw`."""
        x = self.stem(latent).unflatten(1, self.base).contiguous(memory_format=torch.channels_last)
        *norms, before_last, before_image = self.norms
        for norm, convolution in zip(norms, self.up, strict=True):
            x = depth_to_space(convolution(F.relu_(norm(x, labels, latent))))
        x = self.last(F.relu_(before_last(x, labels, latent)))
        return depth_to_space(self.to_image(F.relu_(before_image(x, labels, latent))))


class CompactDiscriminator(Discriminator[Compact]):
    """The generator's mirror image: a convolution a level, a second one at the last, and a sum over positions."""

    def build(self, spec: Compact) -> int:
        """Make the layers below the head."""
        widths = level_widths(self.height, self.breadth, spec.width)
        self.multiple = 2 ** len(widths)
        pairs = list(pairwise([self.channels, *widths]))
        self.down = nn.ModuleList(nn.Conv2d(4 * a, b, 3, padding=1) for a, b in pairs)
        self.last = nn.Conv2d(widths[-1], 2 * widths[-1], 3, padding=1)
        return 2 * widths[-1]

    def features(self, images: Tensor) -> Tensor:
        """See `Discriminator.features`."""
        x = pad_to_multiple(images, self.multiple)
        for convolution in self.down:
            x = self.dropout(F.leaky_relu_(convolution(space_to_depth(x)), 0.2))
        return self.dropout(F.leaky_relu_(self.last(x), 0.2)).sum(dim=(2, 3))
