"""GAN losses: pure functions of discriminator scores, averaged over the batch."""

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from augment.synthesis.gan.specs import LossSpec


@dataclass(frozen=True)
class Game:
    """The two players' losses.

    Attributes:
        discriminator: From scores of real and of generated images, each of shape (N,), to its loss.
        generator: From scores of generated images to its loss.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def build_game(spec: LossSpec) -> Game:
    """Choose the two losses."""
    match spec.kind:
        case "hinge":
            return Game(hinge_discriminator, wasserstein_generator)
        case "non_saturating":
            smoothing = spec.label_smoothing
            return Game(lambda real, fake: bce_discriminator(real, fake, smoothing), non_saturating_generator)
        case "least_squares":
            return Game(least_squares_discriminator, least_squares_generator)
        case "wasserstein":
            return Game(wasserstein_discriminator, wasserstein_generator)


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss (Lim & Ye, "Geometric GAN", 2017, arXiv 1705.02894)."""
    return F.relu(1.0 - real).mean() + F.relu(1.0 + fake).mean()


def bce_discriminator(real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    """Binary cross-entropy (Goodfellow et al., 2014, arXiv 1406.2661).

    With one-sided label smoothing a real image is called real by ``1 - smoothing`` (Salimans et al., 2016,
    arXiv 1606.03498).
    """
    of_real = (1.0 - smoothing) * F.softplus(-real) + smoothing * F.softplus(real)
    return of_real.mean() + F.softplus(fake).mean()


def non_saturating_generator(fake: Tensor) -> Tensor:
    """The generator's side of `bce_discriminator` that keeps its gradient when fakes are recognised."""
    return F.softplus(-fake).mean()


def least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Least squares with targets 1 and 0 (Mao et al., LSGAN, 2017, arXiv 1611.04076)."""
    return 0.5 * ((real - 1.0).square().mean() + fake.square().mean())


def least_squares_generator(fake: Tensor) -> Tensor:
    """The generator's side of `least_squares_discriminator`."""
    return 0.5 * (fake - 1.0).square().mean()


def wasserstein_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Wasserstein distance's dual (Arjovsky et al., 2017, arXiv 1701.07875); needs a Lipschitz discriminator."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake: Tensor) -> Tensor:
    """Minus the mean score: the generator's side of the Wasserstein and the hinge game."""
    return -fake.mean()


def most_real(scores: Tensor, share: float) -> Tensor:
    """Keep the highest scores (Sinha et al., "Top-k Training of GANs", 2020, arXiv 2002.06224).

    Args:
        scores: Shape (N,).
        share: Share of them to keep, rounded up.
    """
    count = max(1, min(len(scores), -int(-share * len(scores) // 1)))
    return scores.topk(count).values if count < len(scores) else scores
