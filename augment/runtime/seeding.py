"""Named torch generators, and weight initialisation from one."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from augment.core.seeding import derive_seed


def torch_generator(seed: int, *names: str | int) -> torch.Generator:
    """Make the CPU generator for one named purpose.

    Draws are made on the CPU and moved, so that they do not depend on the device.
    """
    return torch.Generator().manual_seed(derive_seed(seed, *names))


@contextmanager
def seeded_init(seed: int, *names: str | int) -> Iterator[None]:
    """Seed torch's global generator while networks are built, since layers initialise themselves from it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, *names))
        yield
