"""Features of images that were met before: a frozen network would only say the same again."""

import hashlib
from collections import OrderedDict

from torch import Tensor

LIMIT = 512 * 2**20
"""Bytes of features that are kept: those of 100,000 images with 1,280 features each."""


class Memory:
    """Features by the network and the image that they are of; those not asked for the longest go first.

    Args:
        limit: Bytes of features to keep, at most.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._held = limit, 0
        self._features: OrderedDict[bytes, Tensor] = OrderedDict()

    def find(self, key: bytes) -> Tensor | None:
        """Give the features of an image, float32, shape (F,), on the CPU; None if they are not known."""
        if key in self._features:
            self._features.move_to_end(key)
        return self._features.get(key)

    def keep(self, key: bytes, features: Tensor) -> None:
        """Remember features, which have a memory of their own."""
        if key in self._features:
            return
        self._features[key] = features
        self._held += features.nbytes
        while self._held > self._limit:
            self._held -= self._features.popitem(last=False)[1].nbytes

    def forget(self) -> None:
        """Forget all of it."""
        self._features.clear()
        self._held = 0


MEMORY = Memory()
"""This process's: five classifiers of an arm, and all arms that `evaluate` asks, see the same images."""


def keys(network: bytes, images: Tensor) -> list[bytes]:
    """Name each image, as it is seen by one network.

    Args:
        network: A digest of its weights.
        images: float, N×C×H×W.
    """
    rows = images.detach().cpu().contiguous().numpy()
    form = str(rows.shape[1:]).encode()
    return [hashlib.blake2b(network + form + row.tobytes(), digest_size=16).digest() for row in rows]
