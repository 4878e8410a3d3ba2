"""Generators and discriminators: what all architectures have in common."""

from abc import abstractmethod
from typing import Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.networks.architectures import DiscriminatorSpec, NetworkSpec
from augment.synthesis.networks.layers import Dropout, Head, centre_crop, initialise, label_planes, normalise_spectrally

N = TypeVar("N", bound=NetworkSpec)

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""


class Generator(Synthesizer, Generic[N]):
    """From noise and a class to an image.

    Args:
        shape: Channels, height and width of the image.
        classes: Number of classes.
        spec: Architecture and sizes.
        conditioning: ``batch_norm`` or ``concat``.

    Attributes:
        input_dim: Length of the vector the first layer sees.
        norm_classes: Classes that normalisation layers tell apart, 1 if labels come in beside the noise.
    """

    def __init__(self, shape: Shape, classes: int, spec: N, conditioning: str) -> None:
        super().__init__()
        self.channels, self.height, self.breadth = shape
        self.classes, self.latent_dim = classes, spec.latent_dim
        self.concatenates = conditioning == "concat"
        self.input_dim = spec.latent_dim + (classes if self.concatenates else 0)
        self.norm_classes = 1 if self.concatenates else classes
        self.build(spec)
        initialise(self, spec.initialisation)

    @abstractmethod
    def build(self, spec: N) -> None:
        """Make the layers."""

    @abstractmethod
    def draw(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Map N×input_dim vectors to N×C×H'×W' values of any size, at least as high and wide as the image."""

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """See `Synthesizer.forward`."""
        if self.concatenates:
            noise = torch.cat([noise, F.one_hot(labels, self.classes).float()], dim=1)
            labels = torch.zeros_like(labels)
        return centre_crop(torch.tanh(self.draw(noise, labels).float()), self.height, self.breadth)


class Discriminator(nn.Module, Generic[N]):
    """From an image and a class to a realness score and, with an auxiliary head, class logits.

    Args:
        shape: Channels, height and width of the image.
        classes: Number of classes.
        network: Architecture and sizes.
        spec: What only the discriminator has.
        conditioning: ``projection``, ``auxiliary``, ``both``, ``concat`` or ``none``.

    Attributes:
        channels: Channels the first layer sees: the image's, and a label map a class if they are concatenated.
    """

    def __init__(self, shape: Shape, classes: int, network: N, spec: DiscriminatorSpec, conditioning: str) -> None:
        super().__init__()
        self.channels, self.height, self.breadth = shape
        self.classes = classes
        self.concatenates = conditioning == "concat"
        self.channels += classes if self.concatenates else 0
        self.dropout = Dropout(spec.dropout)
        features = self.build(network)
        initialise(self, network.initialisation)
        self.head = Head(features, classes, conditioning)
        initialise(self.head, network.initialisation)
        if spec.spectral_norm:
            normalise_spectrally(self)

    @abstractmethod
    def build(self, spec: N) -> int:
        """Make the layers below the head; return the number of features."""

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """Map N×C×H×W images to N×F features."""

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Score images.

        Args:
            images: float, N×C×H×W in [-1, 1].
            labels: int64, N class indices.

        Returns:
            Realness scores, shape (N,), and class logits, N×K, or None without an auxiliary head.
        """
        if self.concatenates:
            images = torch.cat([images, label_planes(labels, self.classes, *images.shape[2:])], dim=1)
        scores: tuple[Tensor, Tensor | None] = self.head(self.features(images), labels)
        return scores
