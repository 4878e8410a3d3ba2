"""The two networks of a VAE: the decoder is a generator, the encoder its mirror image."""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from augment.synthesis.networks.build import build_generator
from augment.synthesis.networks.layers import doublings, label_planes, pad_to_multiple
from augment.synthesis.networks.pair import Generator, Shape
from augment.synthesis.vae.vae_spec import VaeSpec

BASE_SIDE = 7


class Encoder(nn.Module):
    """From images and labels to the mean and the log variance of their codes."""

    def __init__(self, shape: Shape, classes: int, width: int, latent_dim: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        steps = doublings(height, breadth, BASE_SIDE)
        self.classes, self.multiple = classes, 2**steps
        widths = [channels + classes, *(width * 2**k for k in range(steps))]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=1) for before, after in pairwise(widths)
        )
        positions = (-(-height // self.multiple)) * (-(-breadth // self.multiple))
        self.head = nn.Linear(widths[-1] * positions, 2 * latent_dim)

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Map N×C×H×W images in [-1, 1] to means and log variances, each float N×latent_dim."""
        x = torch.cat([images, label_planes(labels, self.classes, *images.shape[2:])], dim=1)
        x = pad_to_multiple(x, self.multiple)
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), 0.2)
        mean, log_variance = self.head(x.flatten(1)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-10.0, 10.0)


def build_decoder(spec: VaeSpec, shape: Shape, classes: int) -> Generator[Any]:
    """Build the decoder, which is what is kept of a VAE, initialised from torch's global generator."""
    return build_generator(shape, classes, spec.network, "concat")
