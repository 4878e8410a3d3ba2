"""What keeps the discriminator in check: pure functions, and LeCam's two averages.

Penalties on gradients are computed in fp32: they differentiate twice, where bfloat16 has too few digits.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Critic = Callable[[Tensor], Tensor]
"""From N×C×H×W images to scores of shape (N,)."""


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, mixing: Tensor) -> Tensor:
    """Mean squared distance from 1 of the gradient's norm between real and fake.

    Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv 1704.00028.

    Args:
        critic: The discriminator at fixed labels.
        real: N×C×H×W.
        fake: N×C×H×W.
        mixing: Where between the two, 0 to 1, shape (N,).
    """
    between = torch.lerp(fake, real, mixing[:, None, None, None])
    return (_gradients(critic, between).flatten(1).norm(dim=1) - 1.0).square().mean()


def r1_penalty(critic: Critic, real: Tensor) -> Tensor:
    """Mean squared norm of the gradient at real images (Mescheder et al., 2018, arXiv 1801.04406)."""
    return _gradients(critic, real).square().flatten(1).sum(1).mean()


class LeCam(nn.Module):
    """LeCam regularisation: scores stay near the other side's running mean (Tseng et al., 2021, arXiv 2104.03310).

    Attributes:
        means: Running means of real and of fake scores.
    """

    DECAY = 0.99

    means: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(2))

    @torch.no_grad()
    def update(self, means: Tensor) -> None:
        """Move the running means towards the present ones, of real and of fake scores, shape (2,)."""
        self.means.lerp_(means, 1.0 - self.DECAY)

    def forward(self, real: Tensor, fake: Tensor) -> Tensor:
        """Give the penalty of scores of shape (N,)."""
        mean_real, mean_fake = self.means.clone()
        return F.relu(real - mean_fake).square().mean() + F.relu(mean_real - fake).square().mean()


@torch.no_grad()
def clip_weights(network: nn.Module, bound: float) -> None:
    """Clamp every weight to ±bound (Arjovsky et al., 2017, arXiv 1701.07875)."""
    for weight in network.parameters():
        weight.clamp_(-bound, bound)


def _gradients(critic: Critic, images: Tensor) -> Tensor:
    images = images.detach().requires_grad_(True)
    with torch.autocast(images.device.type, enabled=False):
        scores = critic(images)
    (gradients,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradients
