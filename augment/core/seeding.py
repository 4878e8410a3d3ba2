"""Every random draw comes from a named generator derived from the one seed in ``params.yaml``."""

import hashlib

import numpy as np


def derive_seed(seed: int, *names: str | int) -> int:
    """Derive an independent 63-bit seed for one purpose.

    The names say what the draws are for, so that two purposes never share a stream and adding one moves no
    other. SHA-256 keeps the mapping the same on every machine and Python version.

    Args:
        seed: The project's seed (``seed`` in ``params.yaml``), or one derived from it.
        names: The purpose, from general to particular, e.g. ``"classifier", "digits", "batches", 3``.
    """
    text = "\0".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def generator_seed(seed: int, number: int) -> int:
    """Give the seed of a synthesizer's training: the project's own of the first, one derived from it of the others.

    Args:
        seed: The project's seed.
        number: Which of the synthesizer's generators, from 0.
    """
    return seed if number == 0 else derive_seed(seed, "generator", number)


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """Make the numpy generator for one named purpose; see `derive_seed`."""
    return np.random.default_rng(derive_seed(seed, *names))
