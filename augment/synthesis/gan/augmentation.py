"""Differentiable augmentation of what the discriminator sees, real and generated alike.

Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", 2020, arXiv 2006.10738; the adaptive share
is that of Karras et al. (ADA), 2020, arXiv 2006.06676. All draws are made on the CPU, from the generator that is given.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from augment.synthesis.gan.specs import AugmentationSpec

MAX_SHIFT = 1 / 8
CUTOUT_SIDE = 1 / 2
HEURISTIC_DECAY = 0.9


def translation(images: Tensor, draws: Tensor) -> Tensor:
    """Shift each image by up to an eighth of its side; what comes in is grey (0)."""
    _, _, height, width = images.shape
    down = _shift(draws[0], height)
    right = _shift(draws[1], width)
    rows = torch.arange(height, device=images.device)[None] - down[:, None]
    columns = torch.arange(width, device=images.device)[None] - right[:, None]
    inside = ((rows >= 0) & (rows < height))[:, None, :, None] & ((columns >= 0) & (columns < width))[:, None, None, :]
    at = torch.arange(len(images), device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[at, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None]]
    return moved.permute(0, 3, 1, 2) * inside


def cutout(images: Tensor, draws: Tensor) -> Tensor:
    """Blank a square of half the side, at a random place, which may stick out."""
    _, _, height, width = images.shape
    rows = torch.arange(height, device=images.device)[None] - (draws[2] * height)[:, None]
    columns = torch.arange(width, device=images.device)[None] - (draws[3] * width)[:, None]
    inside = (rows.abs() < CUTOUT_SIDE * height / 2)[:, None, :, None]
    inside = inside & (columns.abs() < CUTOUT_SIDE * width / 2)[:, None, None, :]
    return images * ~inside


def colour(images: Tensor, draws: Tensor) -> Tensor:
    """Change brightness (±0.5), saturation (×0 to 2) and contrast (×0.5 to 1.5); grey images have no saturation."""
    brightness, saturation, contrast = (draw[:, None, None, None] for draw in draws[4:7])
    images = images + (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * (2.0 * saturation)
    level = images.mean(dim=(1, 2, 3), keepdim=True)
    return level + (images - level) * (contrast + 0.5)


CHANGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "colour": colour,
    "translation": translation,
    "cutout": cutout,
}
"""Every change, in the order of application: float N×C×H×W and draws from [0, 1), 7×N → float N×C×H×W."""

DRAWS = 7


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
        draws = torch.rand(DRAWS + 1, len(images), generator=rng).to(images.device)
        changed = images
        for kind, change in CHANGES.items():
            if kind in self.spec.kinds:
                changed = change(changed, draws)
        return torch.where((draws[-1] < self.share)[:, None, None, None], changed, images)

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


def _shift(draw: Tensor, side: int) -> Tensor:
    """Whole pixels, uniform from -side/8 to side/8."""
    reach = max(1, round(MAX_SHIFT * side))
    return (draw * (2 * reach + 1)).floor().long() - reach
