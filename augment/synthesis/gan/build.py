"""From a spec to the two networks."""

from augment.synthesis.gan.compact import CompactDiscriminator, CompactGenerator
from augment.synthesis.gan.networks import Discriminator, Generator, Shape
from augment.synthesis.gan.resnet import ResnetDiscriminator, ResnetGenerator
from augment.synthesis.gan.specs import GanSpec
from augment.synthesis.gan.tutorial import DcganDiscriminator, DcganGenerator, MlpDiscriminator, MlpGenerator

ARCHITECTURES: dict[str, tuple[type[Generator], type[Discriminator]]] = {
    "compact": (CompactGenerator, CompactDiscriminator),
    "mlp": (MlpGenerator, MlpDiscriminator),
    "dcgan": (DcganGenerator, DcganDiscriminator),
    "resnet": (ResnetGenerator, ResnetDiscriminator),
}


def build_generator(shape: Shape, classes: int, spec: GanSpec) -> Generator:
    """Build the generator that the spec names, initialised from torch's global generator."""
    kind, _ = ARCHITECTURES[spec.network.architecture]
    return kind(shape, classes, spec.network, spec.conditioning.generator)


def build_discriminator(shape: Shape, classes: int, spec: GanSpec) -> Discriminator:
    """Build the discriminator that the spec names."""
    _, kind = ARCHITECTURES[spec.network.architecture]
    return kind(shape, classes, spec.network, spec.conditioning.discriminator)
