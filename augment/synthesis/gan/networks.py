"""From a GAN's settings to its two networks."""

from typing import Any

from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.networks import build
from augment.synthesis.networks.pair import Discriminator, Generator, Shape


def build_generator(spec: GanSpec, shape: Shape, classes: int) -> Generator[Any]:
    """Build the generator, which is what is kept of a GAN, initialised from torch's global generator."""
    return build.build_generator(shape, classes, spec.network, spec.conditioning.generator)


def build_discriminator(spec: GanSpec, shape: Shape, classes: int) -> Discriminator[Any]:
    """Build the discriminator."""
    return build.build_discriminator(shape, classes, spec.network, spec.discriminator, spec.conditioning.discriminator)
