"""Image sets that show what a classical synthesizer does, and a way to draw from it."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits
from torch import Tensor

from augment.core.images import ImageSet, make_image_set


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Compute as stages do: threads that wait for each other make small fits many times slower."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def digits() -> ImageSet:
    """scikit-learn's 1,797 handwritten digits, in an order that mixes the classes."""
    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    return in_two_groups(make_image_set(images, bunch.target, [str(name) for name in bunch.target_names]))


def random_images(counts: list[int], shape: tuple[int, int, int], seed: int = 0) -> ImageSet:
    """Make images of random pixels, ``counts[k]`` of class k, in random order."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    images = rng.integers(0, 256, size=(len(labels), *shape), dtype=np.uint8)
    return in_two_groups(make_image_set(images, labels, [f"class {k}" for k in range(len(counts))]))


def in_two_groups(images: ImageSet) -> ImageSet:
    """Say of every other image that it is of another group; most methods do not ask."""
    return ImageSet(images.images, images.manifest.assign(group=np.resize(["a", "b"], len(images))), images.classes)


def normal(count: int, length: int, seed: int = 0) -> Tensor:
    """Draw standard normal noise, count×length."""
    return torch.randn(count, length, generator=torch.Generator().manual_seed(seed))
