"""Random convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from augment.classifier.parts import TRANSFORMS

if TYPE_CHECKING:
    import torch
    from torch import Tensor


KERNELS = (1, 3, 5, 7)


@TRANSFORMS.register
def rand_conv(images: Tensor, rng: torch.Generator, flips: bool) -> Tensor:
    """Move as `mild` does, then blend each image with a random convolution of it: shapes stay, texture and tone change.

    The kernel is of 1, 3, 5 or 7 pixels, the same for a batch; its weights and the share of the blend are each
    image's own (RandConv, [2007.13003](https://arxiv.org/abs/2007.13003)).
    """
    import torch
    import torch.nn.functional as F

    from augment.classifier.transforms.mild import mild

    moved = mild(images, rng, flips)
    count, channels, height, width = moved.shape
    side = KERNELS[int(torch.randint(len(KERNELS), (1,), generator=rng))]
    weights = torch.randn(count * channels, channels, side, side, generator=rng) / (side * channels**0.5)
    share = torch.rand(count, 1, 1, 1, generator=rng).to(images.device)
    padded = F.pad(moved, [side // 2] * 4, mode="replicate")
    convolved = F.conv2d(padded.reshape(1, -1, *padded.shape[2:]), weights.to(images.device), groups=count)
    return (share * moved + (1.0 - share) * convolved.view(count, channels, height, width)).clamp(-1.0, 1.0)
