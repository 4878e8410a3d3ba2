"""Does this machine compute as all others do? A few operations of each library, held against what they give elsewhere.

A library that ignores its pin (`augment.runtime.portable`), another version of one, or a processor without AVX2 would
give other bytes unnoticed. The operations are such as a stage's bytes hang on.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from scipy import linalg

EXPECTED = {
    "numpy: exp": "fc8d846720c3",
    "numpy: log": "8ea712d00b2e",
    "numpy: mean": "c5c65a5355d4",
    "numpy: matrix product": "9ec1df738db7",
    "scipy: eigenvalues": "f892c39e875d",
    "torch: normal draws": "43678415636b",
    "torch: exp": "1e75552b3e35",
    "torch: sum": "66fb44526648",
    "torch: matrix product": "2252cf83f885",
    "torch: convolution, channels first, maps": "4ddcbc1a90da",
    "torch: convolution, channels first, images": "8b30201c6258",
    "torch: convolution, channels first, weights": "e7f0cb79cec9",
    "torch: convolution, channels last, maps": "eebb0b384031",
    "torch: convolution, channels last, images": "9c40bce222ee",
    "torch: convolution, channels last, weights": "e6746d1423f4",
}
"""Operation → the first digits of the SHA-256 of its result under the pins."""


def differing() -> list[str]:
    """List the operations that give other bytes here than they do elsewhere."""
    return [name for name, digest in results() if EXPECTED.get(name) != digest]


def results() -> Iterator[tuple[str, str]]:
    """Yield each operation and the digest of its result. All draws are uniform: integers, scaled, the same anywhere."""
    rng = np.random.default_rng(0)
    wide = rng.random((300, 64))
    yield "numpy: exp", digest(np.exp(wide))
    yield "numpy: log", digest(np.log(wide + 1.0))
    yield "numpy: mean", digest(wide.mean(0))
    yield "numpy: matrix product", digest(wide.astype(np.float32) @ wide.T.astype(np.float32))
    yield "scipy: eigenvalues", digest(linalg.eigh(wide.T @ wide, eigvals_only=True))

    draws = torch.Generator().manual_seed(0)
    yield "torch: normal draws", digest(torch.randn(1000, generator=draws).numpy())
    matrix = torch.rand(64, 800, generator=draws) * 2 - 1
    yield "torch: exp", digest(matrix.exp().numpy())
    yield "torch: sum", digest(matrix.sum(1).numpy())
    yield "torch: matrix product", digest((matrix @ matrix.T).numpy())
    for memory in (torch.contiguous_format, torch.channels_last):
        images, weights = (
            (torch.rand(*shape, generator=draws) * 2 - 1).to(memory_format=memory).requires_grad_()
            for shape in ((8, 16, 14, 14), (32, 16, 3, 3))
        )
        maps = F.conv2d(images, weights, padding=1)
        maps.square().sum().backward()
        assert images.grad is not None  # noqa: S101  # backward has just been called
        assert weights.grad is not None  # noqa: S101
        name = "channels last" if memory is torch.channels_last else "channels first"
        for what, tensor in (("maps", maps.detach()), ("images", images.grad), ("weights", weights.grad)):
            yield f"torch: convolution, {name}, {what}", digest(tensor.contiguous().numpy())


def digest(array: np.ndarray) -> str:
    """Hash the bytes of an array."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:12]
