"""What keeps the discriminator in check: each a method with its options, and pure functions.

To define a class here is all that a new regulariser needs; their terms are added in this order. Penalties on gradients
are computed in fp32: they differentiate twice, where bfloat16 has too few digits. Torch is imported where it is called,
since settings are read without it.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import PositiveFloat, PositiveInt

from augment.core.registry import Method

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Critic = Callable[[Tensor], Tensor]
    """From N×C×H×W images to scores of shape (N,)."""


@dataclass(frozen=True)
class Judgement:
    """One step of the discriminator, as regularisers see it.

    Attributes:
        critic: The discriminator at the labels of ``images``.
        images: Real ones, N×C×H×W.
        fakes: Generated ones, as many.
        real: Scores of the real images, shape (N,), with gradients.
        fake: Scores of the generated ones.
        means: Mean scores of both over all processes, shape (2,), without gradients.
        draws: Source of random numbers, on the CPU.
        memory: This regulariser's running numbers, float32, shape (MEMORY,); kept in checkpoints.
    """

    critic: "Critic"
    images: "Tensor"
    fakes: "Tensor"
    real: "Tensor"
    fake: "Tensor"
    means: "Tensor"
    draws: "torch.Generator"
    memory: "Tensor"


class Regulariser(Method):
    """A term added to the discriminator's loss.

    Attributes:
        MEMORY: Running numbers that it keeps from step to step, 0 at first.
        weight: What its penalty is multiplied by.
    """

    MEMORY: ClassVar[int] = 0

    weight: PositiveFloat

    def due(self, step: int) -> bool:  # noqa: ARG002  # some are not taken at every step
        """Tell whether the term is taken at a step (from 0)."""
        return True

    @property
    def scale(self) -> float:
        """What the penalty is multiplied by where it is taken."""
        return self.weight

    @abstractmethod
    def penalty(self, seen: Judgement) -> "Tensor":
        """Compute the penalty, a scalar."""


class LeCamPenalty(Regulariser):
    """LeCam regularisation, for few images (Tseng et al., 2021, arXiv 2104.03310).

    Scores stay near the other side's running mean.
    """

    MEMORY = 2
    DECAY: ClassVar[float] = 0.99

    kind: Literal["lecam"] = "lecam"

    def penalty(self, seen: Judgement) -> "Tensor":
        """Move the running means towards the present ones, and hold the scores against them."""
        seen.memory.lerp_(seen.means, 1.0 - self.DECAY)
        return lecam_penalty(seen.real, seen.fake, seen.memory.clone())


class R1Penalty(Regulariser):
    """Penalty on gradients at real images (Mescheder et al., 2018, arXiv 1801.04406), γ/2 its weight.

    Attributes:
        every: Steps from one penalty to the next, each weighing as much more (lazy regularisation).
    """

    kind: Literal["r1"] = "r1"
    every: PositiveInt = 16

    def due(self, step: int) -> bool:
        """Tell whether the term is taken at a step."""
        return step % self.every == 0

    @property
    def scale(self) -> float:
        """What the penalty is multiplied by: it stands for all steps since the last one."""
        return self.weight * self.every

    def penalty(self, seen: Judgement) -> "Tensor":
        """See `r1_penalty`."""
        return r1_penalty(seen.critic, seen.images)


class GradientPenalty(Regulariser):
    """Penalty that keeps gradients between real and fake near norm 1 (Gulrajani et al., 2017, arXiv 1704.00028)."""

    kind: Literal["gradient_penalty"] = "gradient_penalty"

    def penalty(self, seen: Judgement) -> "Tensor":
        """See `gradient_penalty`, at random places."""
        import torch

        mixing = torch.rand(len(seen.images), generator=seen.draws).to(seen.images.device)
        return gradient_penalty(seen.critic, seen.images, seen.fakes, mixing)


def lecam_penalty(real: "Tensor", fake: "Tensor", means: "Tensor") -> "Tensor":
    """Squared distance of scores above the running mean of the other side's.

    Args:
        real: Scores of real images, shape (N,).
        fake: Scores of generated images, shape (N,).
        means: Running means of real and of fake scores, shape (2,).
    """
    mean_real, mean_fake = means
    return (real - mean_fake).relu().square().mean() + (mean_real - fake).relu().square().mean()


def r1_penalty(critic: "Critic", real: "Tensor") -> "Tensor":
    """Mean squared norm of the gradient at real images, N×C×H×W."""
    return _gradients(critic, real).square().flatten(1).sum(1).mean()


def gradient_penalty(critic: "Critic", real: "Tensor", fake: "Tensor", mixing: "Tensor") -> "Tensor":
    """Mean squared distance from 1 of the gradient's norm between real and fake.

    Args:
        critic: The discriminator at fixed labels.
        real: N×C×H×W.
        fake: N×C×H×W.
        mixing: Where between the two, 0 to 1, shape (N,).
    """
    between = fake.lerp(real, mixing[:, None, None, None])
    return (_gradients(critic, between).flatten(1).norm(dim=1) - 1.0).square().mean()


def _gradients(critic: "Critic", images: "Tensor") -> "Tensor":
    import torch

    images = images.detach().requires_grad_(True)
    with torch.autocast(images.device.type, enabled=False):
        scores = critic(images)
    (gradients,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradients
