"""Layers that the architectures share."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

Weighted = nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding

INITIALISERS: dict[str, Callable[[Tensor], Tensor]] = {
    "orthogonal": nn.init.orthogonal_,  # Saxe et al., 2014, arXiv 1312.6120
    "normal": lambda weight: nn.init.normal_(weight, std=0.02),  # Radford et al. (DCGAN), 2016, arXiv 1511.06434
    "xavier": nn.init.xavier_uniform_,  # Glorot & Bengio, 2010
    "he": lambda weight: nn.init.kaiming_normal_(weight, a=0.2),  # He et al., 2015, arXiv 1502.01852
}


def initialise(network: nn.Module, kind: str) -> None:
    """Initialise convolutions and linear maps; biases to zero. Embeddings keep what their owner gave them."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            INITIALISERS[kind](module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def normalise_spectrally(network: nn.Module) -> None:
    """Keep every layer's largest singular value at 1 (Miyato et al., 2018, arXiv 1802.05957)."""
    for module in list(network.modules()):
        if isinstance(module, Weighted):
            spectral_norm(module)


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation whose gain and bias depend on the class (Dumoulin et al., 2017, arXiv 1610.07629).

    Args:
        channels: Channels of the features.
        classes: Number of classes; 1 is plain batch normalisation.
        latent_dim: Length of the noise that gain and bias depend on, too (BigGAN's skip-z, Brock et al., 2019,
            arXiv 1809.11096); 0 for none.

    Attributes:
        strength: How much classes differ, 0 (all have their mean's gain and bias) to 1.
    """

    strength = 1.0

    def __init__(self, channels: int, classes: int, latent_dim: int = 0) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Embedding(classes, channels)
        self.bias = nn.Embedding(classes, channels)
        self.from_noise = nn.Linear(latent_dim, 2 * channels, bias=False) if latent_dim else None
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
        """Normalise N×C×H×W features for N labels and N×latent_dim noise."""
        gain, bias = self._faded(self.gain, labels), self._faded(self.bias, labels)
        if self.from_noise is not None:
            of_gain, of_bias = self.from_noise(noise).chunk(2, dim=1)
            gain, bias = gain + of_gain, bias + of_bias
        normal: Tensor = self.norm(x)
        # In the features' own precision: fp32 gains would make bfloat16 features fp32.
        gain, bias = (each.to(x.dtype)[:, :, None, None] for each in (gain, bias))
        return torch.addcmul(bias, normal, gain)

    def _faded(self, embedding: nn.Embedding, labels: Tensor) -> Tensor:
        own: Tensor = embedding(labels)
        return own if self.strength == 1.0 else torch.lerp(embedding.weight.mean(0), own, self.strength)


class SelfAttention(nn.Module):
    """Attention of every position to every other (Zhang et al., SAGAN, 2019, arXiv 1805.08318).

    Keys and values have half the height and width; the layer begins as the identity.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 8)
        self.query = nn.Conv2d(channels, inner, 1, bias=False)
        self.key = nn.Conv2d(channels, inner, 1, bias=False)
        self.value = nn.Conv2d(channels, max(1, channels // 2), 1, bias=False)
        self.out = nn.Conv2d(max(1, channels // 2), channels, 1, bias=False)
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Map N×C×H×W features to the same shape."""
        small = F.avg_pool2d(x, 2, ceil_mode=True)
        query, key, value = (part.flatten(2).mT for part in (self.query(x), self.key(small), self.value(small)))
        weights = (query @ key.mT).softmax(-1)
        attended = (weights @ value).mT.unflatten(2, x.shape[2:])
        return x + self.strength * self.out(attended)


class Dropout(nn.Module):
    """Dropout that draws from a generator of its own, so that its draws can be saved and repeated.

    Attributes:
        rng: Source of the draws, on the CPU; to be set before training.
    """

    rng: torch.Generator | None = None

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """Blank a share of the values, and scale up the rest by as much."""
        if not (self.training and self.probability):
            return x
        kept = torch.rand(x.shape, generator=self.rng).to(x.device) >= self.probability
        return x * kept / (1.0 - self.probability)


class Head(nn.Module):
    """The discriminator's last layer: from features and labels to realness scores and class logits.

    By projection (Miyato & Koyama, 2018, arXiv 1802.05637) the score has a term for the class; an auxiliary head
    names the class (Odena et al., 2017, arXiv 1610.09585).

    Attributes:
        strength: How much the projection counts, 0 to 1.
    """

    strength = 1.0

    def __init__(self, features: int, classes: int, conditioning: str) -> None:
        super().__init__()
        self.realness = nn.Linear(features, 1)
        self.projection = nn.Embedding(classes, features) if conditioning in ("projection", "both") else None
        self.auxiliary = nn.Linear(features, classes) if conditioning in ("auxiliary", "both") else None
        if self.projection is not None:
            nn.init.orthogonal_(self.projection.weight)

    def forward(self, features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Give float scores, shape (N,), and float class logits, N×K, or None without an auxiliary head."""
        score = self.realness(features).squeeze(1)
        if self.projection is not None:
            score = score + self.strength * (features * self.projection(labels)).sum(1)
        logits = None if self.auxiliary is None else self.auxiliary(features).float()
        return score.float(), logits


def set_strength(network: nn.Module, strength: float) -> None:
    """Say how much labels count in every conditional layer, 0 to 1."""
    for module in network.modules():
        if isinstance(module, ConditionalBatchNorm2d | Head):
            module.strength = strength


def label_planes(labels: Tensor, classes: int, height: int, width: int) -> Tensor:
    """Give one-hot labels as maps, float N×K×H×W, to lay beside images."""
    return F.one_hot(labels, classes).float()[:, :, None, None].expand(-1, -1, height, width)


def doublings(height: int, width: int, base: int) -> int:
    """Count the doublings, at least one, from a feature map of at most ``base`` a side to the image."""
    return max(1, math.ceil(math.log2(max(height, width) / base)))


def space_to_depth(x: Tensor) -> Tensor:
    """Make channels of every 2×2 pixels: N×C×H×W, both sides even, to N×4C×H/2×W/2 in channels-last memory.

    As `torch.nn.functional.pixel_unshuffle`, but a pixel's channels stay together: they move as one block.
    """
    n, channels, height, width = x.shape
    pairs = x.permute(0, 2, 3, 1).reshape(n, height // 2, 2, width // 2, 2 * channels)
    return pairs.transpose(2, 3).reshape(n, height // 2, width // 2, 4 * channels).permute(0, 3, 1, 2)


def depth_to_space(x: Tensor) -> Tensor:
    """Undo `space_to_depth`: N×4C×H×W to N×C×2H×2W in channels-last memory."""
    n, channels, height, width = x.shape
    pairs = x.permute(0, 2, 3, 1).reshape(n, height, width, 2, channels // 2).transpose(2, 3)
    return pairs.reshape(n, 2 * height, 2 * width, channels // 4).permute(0, 3, 1, 2)


def centre_crop(images: Tensor, height: int, width: int) -> Tensor:
    """Cut the middle out of N×C×H'×W' images."""
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width]


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Repeat border pixels until both sides are multiples; undone by `centre_crop`.

    By indexing, since the gradient of torch's own replication is not deterministic on CUDA.
    """
    for axis in (2, 3):
        side = images.shape[axis]
        extra = (-side) % multiple
        if extra:
            positions = torch.arange(-(extra // 2), side + extra - extra // 2, device=images.device)
            images = images.index_select(axis, positions.clamp(0, side - 1))
    return images
