"""Which operations give the same bytes on this machine as on others, with and without the pins of portable precision?

``python -m benchmarks.portable_operations`` holds 67 operations of torch, numpy, scipy and scikit-learn against
``portable_operations.tsv``: their hashes on an AMD processor with AVX2 alone (without pins, and with). A processor with
AVX-512 differs without the pins, and must not with them. Each setting runs in a process of its own, since the libraries
read it when they are loaded.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy import linalg
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from augment.runtime.portable import PINS

SETTINGS: dict[str, dict[str, str]] = {"default": {}, "pinned": PINS}
OTHER = Path(__file__).with_suffix(".tsv")
CONVOLUTIONS = ((1, 16, 28, 1), (16, 32, 14, 1), (32, 64, 7, 1), (16, 32, 28, 2), (3, 16, 25, 1))
PLAIN: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp,
    "tanh": torch.tanh,
    "log": lambda x: torch.log(x.abs() + 1),
    "rsqrt": lambda x: torch.rsqrt(x.abs() + 1),
    "softmax": lambda x: F.log_softmax(x, 1),
    "sum": torch.sum,
    "sum rows": lambda x: x.sum(1),
    "mean": lambda x: x.mean(0),
    "var": lambda x: x.var(0),
    "norm": lambda x: x.norm(),
    "cumsum": lambda x: x.cumsum(1),
    "sigmoid": torch.sigmoid,
    "sin": torch.sin,
    "pow": lambda x: x.abs() ** 0.7,
    "sort": lambda x: x.sort(1)[0],
}


def digest(*arrays: Any) -> str:
    """Hash the bytes of tensors or arrays."""
    found = hashlib.sha256()
    for array in arrays:
        plain = array.detach().contiguous().numpy() if isinstance(array, Tensor) else np.ascontiguousarray(array)
        found.update(plain.tobytes())
    return found.hexdigest()[:12]


def operations() -> Iterator[tuple[str, str]]:
    """Yield each operation's name and the hash of its result; the order matters, as all share one stream of draws."""
    draws = torch.Generator().manual_seed(0)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=draws) * 2 - 1  # integers, scaled: the same everywhere

    yield "uniform", digest(uniform(1000))
    yield "randn 1000", digest(torch.randn(1000, generator=torch.Generator().manual_seed(1)))
    yield "randn 7", digest(torch.randn(7, generator=torch.Generator().manual_seed(1)))
    yield "randperm", digest(torch.randperm(999, generator=torch.Generator().manual_seed(1)))
    x = uniform(64, 800)
    for name, function in PLAIN.items():
        yield name, digest(function(x))
    yield "matmul 64x800x128", digest(x @ uniform(800, 128))
    yield "matmul 64x800x1", digest(x @ uniform(800, 1))
    yield "linear", digest(F.linear(x, uniform(32, 800), uniform(32)))
    yield "bmm", digest(torch.bmm(uniform(8, 30, 40), uniform(8, 40, 20)))
    for memory in (torch.contiguous_format, torch.channels_last):
        yield from convolutions(uniform, memory)
    yield from training(uniform)
    yield from of_numpy()


def convolutions(uniform: Callable[..., Tensor], memory: torch.memory_format) -> Iterator[tuple[str, str]]:
    """Yield convolutions of several sizes, forward and backward."""
    layout = "nhwc" if memory is torch.channels_last else "nchw"
    for before, after, side, stride in (
        (1, 16, 28, 1),
        (16, 32, 14, 1),
        (32, 64, 7, 1),
        (16, 32, 28, 2),
        (3, 16, 25, 1),
    ):
        images = uniform(32, before, side, side).to(memory_format=memory).requires_grad_(True)
        weights = uniform(after, before, 3, 3).to(memory_format=memory).requires_grad_(True)
        maps = F.conv2d(images, weights, stride=stride, padding=1)
        maps.backward(uniform(*maps.shape))
        name = f"conv {before}->{after} {side} s{stride} {layout}"
        yield name, digest(maps)
        yield f"{name} grad x", digest(images.grad)
        yield f"{name} grad w", digest(weights.grad)


def training(uniform: Callable[..., Tensor]) -> Iterator[tuple[str, str]]:
    """Yield what else a training step is made of."""
    maps = uniform(32, 16, 14, 14).requires_grad_(True)
    normed = F.batch_norm(maps, None, None, training=True)
    normed.backward(uniform(*normed.shape))
    yield "batch norm", digest(normed)
    yield "batch norm grad", digest(maps.grad)
    begin = uniform(1000).requires_grad_(True)
    for fused in (True, False):
        weight = begin.detach().clone().requires_grad_(True)
        optimiser = torch.optim.Adam([weight], lr=4e-3, betas=(0.0, 0.99), fused=fused, foreach=False)
        for _ in range(5):
            optimiser.zero_grad()
            (weight * weight).sum().backward()
            optimiser.step()
        yield f"adam fused={fused}", digest(weight)
    images = uniform(8, 1, 28, 28)
    grid = F.affine_grid(uniform(8, 2, 3), [8, 1, 28, 28], align_corners=False)
    yield "affine grid sample", digest(F.grid_sample(images, grid, align_corners=False))


def of_numpy() -> Iterator[tuple[str, str]]:
    """Yield what figures and classical synthesizers are made of."""
    rng = np.random.default_rng(0)
    single, double = rng.random((300, 64), dtype=np.float32), rng.random((300, 64))
    square = double.T @ double
    yield "numpy matmul f32", digest(single @ single.T)
    yield "numpy matmul f64", digest(double @ double.T)
    yield "numpy sum/mean/var", digest(double.sum(0), double.mean(1), double.var(0))
    yield "numpy exp/log/sqrt", digest(np.exp(double), np.log(double + 1), np.sqrt(double))
    yield "eigh", digest(linalg.eigh(square)[0])
    yield "svd", digest(linalg.svd(double, compute_uv=False))
    yield "sqrtm", digest(np.real(linalg.sqrtm(square / 300)))
    yield "sklearn pca", digest(PCA(8, svd_solver="full").fit(double).components_)
    yield "sklearn neighbours", digest(NearestNeighbors(n_neighbors=3).fit(double).kneighbors(double)[0])


def hashes(setting: str) -> dict[str, str]:
    """Run all operations under a setting."""
    clean = {name: value for name, value in os.environ.items() if name not in PINS}
    asked = [sys.executable, "-m", "benchmarks.portable_operations", "--one"]
    done = subprocess.run(asked, env=clean | SETTINGS[setting], check=True, capture_output=True, text=True)
    return dict(line.split("\t") for line in done.stdout.splitlines())


def main() -> None:
    """Print what differs, and how many operations do not."""
    if "--one" in sys.argv:
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        for name, found in operations():
            print(f"{name}\t{found}")
        return
    other = [line.split("\t") for line in OTHER.read_text(encoding="utf-8").splitlines()]
    print(f"This processor: {torch.backends.cpu.get_cpu_capability()}")
    for setting in SETTINGS:
        here, there = hashes(setting), {name: found for kind, name, found in other if kind == setting}
        differ = [name for name in there if here.get(name) != there[name]]
        print(
            f"{setting}: {len(there) - len(differ)} of {len(there)} the same; different: {', '.join(differ) or 'none'}"
        )


if __name__ == "__main__":
    main()
