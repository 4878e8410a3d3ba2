"""Which rows make the next batch, and how stored images become the networks' input."""

from collections.abc import Iterator

import torch
from torch import Tensor

from augment.core.images import UInt8Array


def shuffled_rows(count: int, batch_size: int, rng: torch.Generator) -> Iterator[Tensor]:
    """Yield batches of row numbers for ever: epoch after epoch in random order, without an incomplete batch."""
    batch_size = min(batch_size, count)
    while True:
        order = torch.randperm(count, generator=rng)
        yield from order[: count - count % batch_size].split(batch_size)


def balanced_rows(labels: Tensor, batch_size: int, rng: torch.Generator) -> Iterator[Tensor]:
    """Yield batches of row numbers for ever: a class uniformly, then one of its rows uniformly.

    Args:
        labels: int64, shape (N,); a class without rows is never drawn.
        batch_size: Rows a batch.
        rng: Source of both draws.
    """
    order = labels.argsort(stable=True)
    counts = labels.bincount()
    counts = counts[counts > 0]
    starts = counts.cumsum(0) - counts
    while True:
        classes = torch.randint(len(counts), (batch_size,), generator=rng)
        offsets = (torch.rand(batch_size, generator=rng, dtype=torch.float64) * counts[classes]).long()
        yield order[starts[classes] + offsets]


def to_float(images: Tensor) -> Tensor:
    """Turn stored images (uint8) into network input: float32 in [-1, 1]."""
    return images.float() / 127.5 - 1.0


def to_uint8(images: Tensor) -> UInt8Array:
    """Turn float images in [-1, 1] into contiguous uint8 arrays, rounding to the nearest level."""
    scaled = (images + 1.0).mul_(127.5).round_().clamp_(0, 255)
    levels: UInt8Array = scaled.to(torch.uint8).cpu().contiguous().numpy()
    return levels
