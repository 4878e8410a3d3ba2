"""The classic tutorial networks, made conditional: baselines, and a first step for readers who know them.

The MLP is that of the first GAN paper's many re-tellings (Goodfellow et al., 2014, arXiv 1406.2661), the convolutional
pair is DCGAN (Radford et al., 2016, arXiv 1511.06434) with dropout in the place of the discriminator's batch norm.
"""

import math
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from augment.synthesis.networks.architectures import Dcgan, Mlp
from augment.synthesis.networks.layers import ConditionalBatchNorm2d, doublings, pad_to_multiple
from augment.synthesis.networks.pair import Discriminator, Generator

UNITS_PER_WIDTH = 16
BASE_SIDE = 7
"""DCGAN's first feature map has at most this side: 7 for images of 28, 4 for 32 and 64."""


class MlpGenerator(Generator[Mlp]):
    """Three hidden layers, each twice as wide as the one before."""

    def build(self, spec: Mlp) -> None:
        """Make the layers."""
        sizes = [self.input_dim, *(UNITS_PER_WIDTH * spec.width * factor for factor in (1, 2, 4))]
        self.hidden = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(sizes))
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(size, self.norm_classes) for size in sizes[1:])
        self.to_image = nn.Linear(sizes[-1], self.channels * self.height * self.breadth)

    def draw(self, latent: Tensor, labels: Tensor) -> Tensor:
        """See `Generator.draw`."""
        x = latent
        for layer, norm in zip(self.hidden, self.norms, strict=True):
            x = F.leaky_relu(norm(layer(x)[:, :, None, None], labels, latent), 0.2).flatten(1)
        pixels: Tensor = self.to_image(x)
        return pixels.unflatten(1, (self.channels, self.height, self.breadth))


class MlpDiscriminator(Discriminator[Mlp]):
    """Two hidden layers, the second half as wide."""

    def build(self, spec: Mlp) -> int:
        """Make the layers below the head."""
        pixels, top = self.channels * self.height * self.breadth, UNITS_PER_WIDTH * spec.width
        self.hidden = nn.ModuleList([nn.Linear(pixels, 2 * top), nn.Linear(2 * top, top)])
        return top

    def features(self, images: Tensor) -> Tensor:
        """See `Discriminator.features`."""
        x = images.flatten(1)
        for layer in self.hidden:
            x = self.dropout(F.leaky_relu(layer(x), 0.2))
        return x


class DcganGenerator(Generator[Dcgan]):
    """Transposed convolutions from a small feature map, halving the channels, up to the image itself."""

    def build(self, spec: Dcgan) -> None:
        """Make the layers."""
        steps = doublings(self.height, self.breadth, BASE_SIDE)
        widths = [spec.width * 2**k for k in range(steps - 1, -1, -1)]
        self.base = (widths[0], -(-self.height // 2**steps), -(-self.breadth // 2**steps))
        self.stem = nn.Linear(self.input_dim, math.prod(self.base), bias=False)
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(width, self.norm_classes) for width in widths)
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)
            for before, after in pairwise([*widths, self.channels])
        )

    def draw(self, latent: Tensor, labels: Tensor) -> Tensor:
        """See `Generator.draw`."""
        x: Tensor = self.stem(latent).unflatten(1, self.base)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.relu(norm(x, labels, latent)))
        return x


class DcganDiscriminator(Discriminator[Dcgan]):
    """Strided convolutions, doubling the channels; the head sees every position."""

    def build(self, spec: Dcgan) -> int:
        """Make the layers below the head."""
        steps = doublings(self.height, self.breadth, BASE_SIDE)
        self.multiple = 2**steps
        widths = [self.channels, *(spec.width * 2**k for k in range(steps))]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=1) for before, after in pairwise(widths)
        )
        positions = (-(-self.height // self.multiple)) * (-(-self.breadth // self.multiple))
        return widths[-1] * positions

    def features(self, images: Tensor) -> Tensor:
        """See `Discriminator.features`."""
        x = pad_to_multiple(images, self.multiple)
        for convolution in self.convolutions:
            x = self.dropout(F.leaky_relu(convolution(x), 0.2))
        return x.flatten(1)
