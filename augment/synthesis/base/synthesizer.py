"""What every synthesizer is: a network that makes an image of noise and a label."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor, nn


class Synthesizer(nn.Module, ABC):
    """Makes labelled images; in evaluation mode a deterministic function of noise and labels.

    All its state is parameters and buffers, so that it is kept without pickling. What comes after training knows
    nothing else of a synthesizer.

    Attributes:
        classes: Number of classes.
        latent_dim: Length of the noise vector.
        sizes: Sizes that follow from the data, beyond image shape and class count: needed to build it again.
    """

    classes: int
    latent_dim: int
    sizes: Mapping[str, int] = MappingProxyType({})

    @abstractmethod
    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Make images.

        Args:
            noise: float32, N×latent_dim, standard normal.
            labels: int64, N class indices.

        Returns:
            float32, N×C×H×W in [-1, 1].
        """
