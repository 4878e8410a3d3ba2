"""Residual networks.

As in SNGAN (Miyato et al., 2018, arXiv 1802.05957) and BigGAN (Brock et al., 2019, arXiv 1809.11096).
"""

import math
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from augment.synthesis.networks.architectures import Resnet
from augment.synthesis.networks.layers import ConditionalBatchNorm2d, SelfAttention, doublings, pad_to_multiple
from augment.synthesis.networks.pair import Discriminator, Generator

BASE_SIDE = 7
WIDEST = 8
"""Deeper layers have up to this many times the channels of those nearest to the image."""


def block_widths(width: int, blocks: int) -> list[int]:
    """Channels between blocks, from the image inwards; blocks + 1 numbers."""
    return [width * min(2**k, WIDEST) for k in range(blocks + 1)]


class UpBlock(nn.Module):
    """Doubles height and width: norm, ReLU, convolution, twice, around a shortcut."""

    def __init__(self, before: int, after: int, classes: int, latent_dim: int) -> None:
        super().__init__()
        self.norm1 = ConditionalBatchNorm2d(before, classes, latent_dim)
        self.norm2 = ConditionalBatchNorm2d(after, classes, latent_dim)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor, labels: Tensor, latent: Tensor) -> Tensor:
        """Map N×C×H×W to N×C'×2H×2W."""
        y = self.conv1(_double(F.relu(self.norm1(x, labels, latent))))
        y = self.conv2(F.relu(self.norm2(y, labels, latent)))
        return y + _double(self.shortcut(x))  # a 1×1 convolution commutes with the doubling, and is cheaper before it


class DownBlock(nn.Module):
    """Halves height and width: convolutions and an average, around a shortcut."""

    def __init__(self, before: int, after: int, *, first: bool = False) -> None:
        super().__init__()
        self.first = first
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map N×C×H×W to N×C'×H/2×W/2."""
        y = x if self.first else F.relu(x)  # pixels are no activations: the first block leaves them signed
        y = F.avg_pool2d(self.conv2(F.relu(self.conv1(y))), 2)
        return y + self.shortcut(F.avg_pool2d(x, 2))


class ResnetGenerator(Generator[Resnet]):
    """Doubling blocks; attention before the last one."""

    def build(self, spec: Resnet) -> None:
        """Make the layers."""
        blocks = doublings(self.height, self.breadth, BASE_SIDE)
        widths = block_widths(spec.width, blocks)[::-1]
        self.base = (widths[0], -(-self.height // 2**blocks), -(-self.breadth // 2**blocks))
        self.stem = nn.Linear(self.input_dim, math.prod(self.base))
        from_noise = self.input_dim if spec.skip_latent else 0
        self.blocks = nn.ModuleList(UpBlock(*pair, self.norm_classes, from_noise) for pair in pairwise(widths))
        self.attention = SelfAttention(widths[-2]) if spec.attention else nn.Identity()
        self.norm = ConditionalBatchNorm2d(widths[-1], 1)
        self.to_image = nn.Conv2d(widths[-1], self.channels, 3, padding=1)

    def draw(self, latent: Tensor, labels: Tensor) -> Tensor:
        """See `Generator.draw`."""
        x = self.stem(latent).unflatten(1, self.base)
        *before, last = self.blocks
        for block in before:
            x = block(x, labels, latent)
        x = last(self.attention(x), labels, latent)
        pixels: Tensor = self.to_image(F.relu(self.norm(x, labels * 0, latent)))
        return pixels


class ResnetDiscriminator(Discriminator[Resnet]):
    """Halving blocks, attention after the first one, and a sum over positions."""

    def build(self, spec: Resnet) -> int:
        """Make the layers below the head."""
        blocks = doublings(self.height, self.breadth, BASE_SIDE)
        self.multiple = 2**blocks
        widths = block_widths(spec.width, blocks)
        pairs = list(pairwise([self.channels, *widths[1:]]))
        self.blocks = nn.ModuleList(DownBlock(*pair, first=number == 0) for number, pair in enumerate(pairs))
        self.attention = SelfAttention(widths[1]) if spec.attention else nn.Identity()
        self.last = nn.Conv2d(widths[-1], widths[-1], 3, padding=1)
        return widths[-1]

    def features(self, images: Tensor) -> Tensor:
        """See `Discriminator.features`."""
        first, *rest = self.blocks
        x = self.attention(first(pad_to_multiple(images, self.multiple)))
        for block in rest:
            x = self.dropout(block(x))
        x = x + self.last(F.relu(x))
        return F.relu(x).sum(dim=(2, 3))


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
