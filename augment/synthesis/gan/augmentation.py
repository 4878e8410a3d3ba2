"""How many of the images that the discriminator sees are changed, real and generated alike.

The adaptive share is that of Karras et al. (ADA), 2020, arXiv 2006.06676. All draws are made on the CPU, from the
generator that is given.
"""

import torch
from torch import Tensor, nn

from augment.synthesis.gan.gan_spec import AugmentationSpec
from augment.synthesis.gan.policies import POLICIES, draws_of

HEURISTIC_DECAY = 0.9


class Augmentation(nn.Module):
    """The changes of one training run, and how many images they are applied to.

    Attributes:
        share: Share of images that are changed, 0 to 1.
        overfitting: Running mean of the sign of real scores: towards 1, the discriminator knows its images by heart.
    """

    share: Tensor
    overfitting: Tensor

    def __init__(self, spec: AugmentationSpec | None) -> None:
        super().__init__()
        self.spec = spec
        starts_at = 0.0 if spec is None or spec.adaptive else spec.probability
        self.register_buffer("share", torch.tensor(starts_at))
        self.register_buffer("overfitting", torch.zeros(()))

    def forward(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Change the share of the images, each by all kinds, differentiably."""
        if self.spec is None:
            return images
        chosen = [kind for kind in POLICIES if kind in self.spec.kinds]
        sizes = [draws_of(kind) for kind in chosen]
        *draws, lot = torch.rand(sum(sizes) + 1, len(images), generator=rng).to(images.device).split([*sizes, 1])
        changed = images
        for kind, own in zip(chosen, draws, strict=True):
            changed = POLICIES[kind](changed, *own)
        return torch.where((lot[0] < self.share)[:, None, None, None], changed, images)

    @torch.no_grad()
    def adapt(self, sign: Tensor, images: int) -> None:
        """Move the share up while real scores are positive more often than the target says, else down.

        Args:
            sign: Mean sign of the scores of the real images just seen, a scalar from -1 to 1.
            images: How many they were.
        """
        if self.spec is None or not self.spec.adaptive:
            return
        self.overfitting.lerp_(sign, 1.0 - HEURISTIC_DECAY)
        move = (self.overfitting - self.spec.target).sign() * images / self.spec.images
        self.share.add_(move).clamp_(0.0, self.spec.probability)
