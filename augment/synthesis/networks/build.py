"""From settings to the two networks, initialised from torch's global generator."""

from typing import Any

from augment.core.registry import load
from augment.synthesis.networks.architectures import DiscriminatorSpec, NetworkSpec
from augment.synthesis.networks.pair import Discriminator, Generator, Shape


def build_generator(shape: Shape, classes: int, network: NetworkSpec, conditioning: str) -> Generator[Any]:
    """Build the generator of an architecture; arguments as `Generator` has them."""
    generator: Generator[Any] = load(network.GENERATOR)(shape, classes, network, conditioning)
    return generator


def build_discriminator(
    shape: Shape, classes: int, network: NetworkSpec, spec: DiscriminatorSpec, conditioning: str
) -> Discriminator[Any]:
    """Build the discriminator of an architecture; arguments as `Discriminator` has them."""
    discriminator: Discriminator[Any] = load(network.DISCRIMINATOR)(shape, classes, network, spec, conditioning)
    return discriminator
