"""GAN losses: each a method with its options, and pure functions of discriminator scores, averaged over the batch.

To define a class here is all that a new loss needs. Torch is imported where it is called, since settings are read
without it.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, NonNegativeFloat

from augment.core.registry import Method

if TYPE_CHECKING:
    from torch import Tensor, nn


class Loss(Method):
    """The game that the two networks play.

    Attributes:
        top_k: Share of the generator's images, the most real ones, that it learns from at the end of training.
    """

    top_k: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0

    @abstractmethod
    def discriminator(self, real: "Tensor", fake: "Tensor") -> "Tensor":
        """Give the discriminator's loss, a scalar, of scores of real and of generated images, each of shape (N,)."""

    @abstractmethod
    def generator(self, fake: "Tensor") -> "Tensor":
        """Give the generator's loss, a scalar, of scores of generated images, shape (N,)."""

    def constrain(self, discriminator: "nn.Module") -> None:
        """Change the discriminator's weights after each of its updates, in place; most losses leave them alone."""


class Hinge(Loss):
    """Hinge loss (Lim & Ye, "Geometric GAN", 2017, arXiv 1705.02894)."""

    kind: Literal["hinge"] = "hinge"

    def discriminator(self, real: "Tensor", fake: "Tensor") -> "Tensor":
        """See `Loss.discriminator`."""
        return (1.0 - real).relu().mean() + (1.0 + fake).relu().mean()

    def generator(self, fake: "Tensor") -> "Tensor":
        """Give minus the mean score."""
        return -fake.mean()


class NonSaturating(Loss):
    """Binary cross-entropy (Goodfellow et al., 2014, arXiv 1406.2661).

    With one-sided label smoothing a real image is called real by ``1 - label_smoothing`` (Salimans et al., 2016,
    arXiv 1606.03498).

    Attributes:
        label_smoothing: Real images are called real by one minus this only.
    """

    kind: Literal["non_saturating"] = "non_saturating"
    label_smoothing: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.0

    def discriminator(self, real: "Tensor", fake: "Tensor") -> "Tensor":
        """See `Loss.discriminator`."""
        smoothing = self.label_smoothing
        of_real = (1.0 - smoothing) * _softplus(-real) + smoothing * _softplus(real)
        return of_real.mean() + _softplus(fake).mean()

    def generator(self, fake: "Tensor") -> "Tensor":
        """Give the side of the cross-entropy that keeps its gradient when fakes are recognised."""
        return _softplus(-fake).mean()


class LeastSquares(Loss):
    """Least squares with targets 1 and 0 (Mao et al., LSGAN, 2017, arXiv 1611.04076)."""

    kind: Literal["least_squares"] = "least_squares"

    def discriminator(self, real: "Tensor", fake: "Tensor") -> "Tensor":
        """See `Loss.discriminator`."""
        return 0.5 * ((real - 1.0).square().mean() + fake.square().mean())

    def generator(self, fake: "Tensor") -> "Tensor":
        """See `Loss.generator`."""
        return 0.5 * (fake - 1.0).square().mean()


class Wasserstein(Loss):
    """Wasserstein distance's dual (Arjovsky et al., 2017, arXiv 1701.07875); needs a Lipschitz discriminator.

    Attributes:
        weight_clip: Largest absolute weight of the discriminator; 0 does not clip.
    """

    kind: Literal["wasserstein"] = "wasserstein"
    weight_clip: NonNegativeFloat = 0.0

    def discriminator(self, real: "Tensor", fake: "Tensor") -> "Tensor":
        """See `Loss.discriminator`."""
        return fake.mean() - real.mean()

    def generator(self, fake: "Tensor") -> "Tensor":
        """See `Loss.generator`."""
        return -fake.mean()

    def constrain(self, discriminator: "nn.Module") -> None:
        """Clamp every weight to ±weight_clip."""
        if self.weight_clip:
            for weight in discriminator.parameters():
                weight.data.clamp_(-self.weight_clip, self.weight_clip)


def most_real(scores: "Tensor", share: float) -> "Tensor":
    """Keep the highest scores (Sinha et al., "Top-k Training of GANs", 2020, arXiv 2002.06224).

    Args:
        scores: Shape (N,).
        share: Share of them to keep, rounded up.
    """
    count = max(1, min(len(scores), -int(-share * len(scores) // 1)))
    return scores.topk(count).values if count < len(scores) else scores


def _softplus(scores: "Tensor") -> "Tensor":
    from torch.nn.functional import softplus

    return softplus(scores)
