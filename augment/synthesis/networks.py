"""The generator and the discriminator: one pair, looped over resolution, any number of channels and classes."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

BASE_SIDE = 8
"""The generator starts from a feature map of at most this side."""


def doublings(height: int, breadth: int) -> int:
    """Count the feature-map doublings between the generator's first map and its last pixel shuffle."""
    return max(1, math.ceil(math.log2(max(height, breadth) / BASE_SIDE)) - 1)


def stride(height: int, breadth: int) -> int:
    """Give the multiple that padded image sides have: every doubling, and the pixel shuffle, halves once."""
    return int(2 ** (doublings(height, breadth) + 1))


def orthogonal_(module: nn.Module) -> None:
    """Initialise convolutions and linear maps orthogonally (Saxe et al., 2014, arXiv 1312.6120); biases to zero."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.orthogonal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation whose gain and bias depend on the class (Dumoulin et al., 2017, arXiv 1610.07629)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Embedding(classes, channels)
        self.bias = nn.Embedding(classes, channels)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Normalise N×C×H×W features for N labels."""
        gain, bias = self.gain(labels), self.bias(labels)
        normal: Tensor = self.norm(x)
        return normal * gain[:, :, None, None] + bias[:, :, None, None]


class Generator(nn.Module):
    """From noise and a class to an image.

    Args:
        shape: Channels, height and width of the image.
        classes: Number of classes.
        width: Channels before the last layer.
        latent_dim: Length of the noise vector.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int, latent_dim: int) -> None:
        super().__init__()
        channels, self.height, self.breadth = shape
        self.latent_dim, self.classes = latent_dim, classes
        steps, multiple = doublings(self.height, self.breadth), stride(self.height, self.breadth)
        widths = [width * 2**k for k in range(steps, -1, -1)]
        self.base = (widths[0], -(-self.height // multiple), -(-self.breadth // multiple))
        self.stem = nn.Linear(latent_dim, math.prod(self.base))
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(w, classes) for w in [*widths, width])
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False) for before, after in pairwise(widths)
        )
        self.convolutions.append(nn.Conv2d(width, width, 3, padding=1, bias=False))
        self.to_image = nn.Conv2d(width, 4 * channels, 3, padding=1)
        self.apply(orthogonal_)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Generate images.

        Args:
            noise: float, N×latent_dim, standard normal.
            labels: int64, N class indices.

        Returns:
            float, N×C×H×W in [-1, 1].
        """
        x = self.stem(noise).unflatten(1, self.base)
        x = x.contiguous(memory_format=torch.channels_last)
        for norm, convolution in zip(self.norms, self.convolutions, strict=False):
            x = convolution(F.relu(norm(x, labels)))
        x = self.to_image(F.relu(self.norms[-1](x, labels)))
        return centre_crop(torch.tanh(F.pixel_shuffle(x, 2).float()), self.height, self.breadth)


class Discriminator(nn.Module):
    """From an image and a class to a realness score, by projection (Miyato & Koyama, 2018, arXiv 1802.05637).

    Every layer is spectrally normalised (Miyato et al., 2018, arXiv 1802.05957). An auxiliary head names the
    class of an image (Odena et al., 2017, arXiv 1610.09585).

    Args:
        shape: Channels, height and width of the image.
        classes: Number of classes.
        width: Channels after the first layer.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        self.multiple = stride(height, breadth)
        steps = doublings(height, breadth)
        top = width * 2 ** (steps + 1)
        layers: list[nn.Module] = [nn.Conv2d(4 * channels, width, 3, padding=1)]
        layers += [nn.Conv2d(width * 2**k, width * 2 ** (k + 1), 4, stride=2, padding=1) for k in range(steps)]
        layers += [nn.Conv2d(top // 2, top, 3, padding=1)]
        self.convolutions = nn.ModuleList(layers)
        self.realness = nn.Linear(top, 1)
        self.projection = nn.Embedding(classes, top)
        self.auxiliary = nn.Linear(top, classes)
        self.apply(orthogonal_)
        nn.init.orthogonal_(self.projection.weight)
        for layer in [*layers, self.realness, self.projection, self.auxiliary]:
            spectral_norm(layer)

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Score images.

        Args:
            images: float, N×C×H×W in [-1, 1].
            labels: int64, N class indices.

        Returns:
            Realness scores, shape (N,), and class logits, N×K.
        """
        x = F.pixel_unshuffle(pad_to_multiple(images, self.multiple), 2)
        x = x.contiguous(memory_format=torch.channels_last)
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), 0.2)
        features = x.sum(dim=(2, 3))
        score = self.realness(features).squeeze(1) + (features * self.projection(labels)).sum(1)
        return score.float(), self.auxiliary(features).float()


def centre_crop(images: Tensor, height: int, width: int) -> Tensor:
    """Cut the middle out of N×C×H'×W' images."""
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width]


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Repeat border pixels until both sides are multiples; undone by `centre_crop`."""
    extra_h, extra_w = (-images.shape[2]) % multiple, (-images.shape[3]) % multiple
    if not (extra_h or extra_w):
        return images
    top, left = extra_h // 2, extra_w // 2
    return F.pad(images, (left, extra_w - left, top, extra_h - top), mode="replicate")
