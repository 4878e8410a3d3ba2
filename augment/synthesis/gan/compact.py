"""The compact pair: few channels and pixel shuffles, so that most of the arithmetic is done at half the resolution.

Pixel shuffle: Shi et al., 2016, arXiv 1609.05158.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from augment.synthesis.gan.layers import ConditionalBatchNorm2d, doublings, pad_to_multiple
from augment.synthesis.gan.networks import Discriminator, Generator
from augment.synthesis.gan.specs import NetworkSpec

BASE_SIDE = 8
"""The first feature map has at most this side; at the end a pixel shuffle doubles once more."""


def inner_doublings(height: int, width: int) -> int:
    """Count the doublings before the last pixel shuffle."""
    return max(1, doublings(height, width, BASE_SIDE) - 1)


class CompactGenerator(Generator):
    """Transposed convolutions to half the resolution, one convolution there, a pixel shuffle."""

    def build(self, spec: NetworkSpec) -> None:
        """Make the layers."""
        steps = inner_doublings(self.height, self.breadth)
        multiple = 2 ** (steps + 1)
        widths = [spec.width * 2**k for k in range(steps, -1, -1)]
        self.base = (widths[0], -(-self.height // multiple), -(-self.breadth // multiple))
        self.stem = nn.Linear(self.input_dim, math.prod(self.base))
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(w, self.norm_classes) for w in [*widths, spec.width])
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False) for before, after in pairwise(widths)
        )
        self.convolutions.append(nn.Conv2d(spec.width, spec.width, 3, padding=1, bias=False))
        self.to_image = nn.Conv2d(spec.width, 4 * self.channels, 3, padding=1)

    def draw(self, latent: Tensor, labels: Tensor) -> Tensor:
        """See `Generator.draw`."""
        x = self.stem(latent).unflatten(1, self.base).contiguous(memory_format=torch.channels_last)
        *before, last = self.norms
        for norm, convolution in zip(before, self.convolutions, strict=True):
            x = convolution(F.relu_(norm(x, labels, latent)))
        return F.pixel_shuffle(self.to_image(F.relu_(last(x, labels, latent))), 2)


class CompactDiscriminator(Discriminator):
    """The generator's mirror image: a pixel unshuffle, then strided convolutions and a sum over positions."""

    def build(self, spec: NetworkSpec) -> int:
        """Make the layers below the head."""
        steps = inner_doublings(self.height, self.breadth)
        self.multiple = 2 ** (steps + 1)
        width, top = spec.width, spec.width * 2 ** (steps + 1)
        layers = [nn.Conv2d(4 * self.channels, width, 3, padding=1)]
        layers += [nn.Conv2d(width * 2**k, width * 2 ** (k + 1), 4, stride=2, padding=1) for k in range(steps)]
        layers += [nn.Conv2d(top // 2, top, 3, padding=1)]
        self.convolutions = nn.ModuleList(layers)
        return top

    def features(self, images: Tensor) -> Tensor:
        """See `Discriminator.features`."""
        x = F.pixel_unshuffle(pad_to_multiple(images, self.multiple), 2)
        x = x.contiguous(memory_format=torch.channels_last)
        for convolution in self.convolutions:
            x = self.dropout(F.leaky_relu_(convolution(x), 0.2))
        return x.sum(dim=(2, 3))
