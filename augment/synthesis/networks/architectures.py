"""Which architectures there are, and their settings; the layers are in the modules that they refer to."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from augment.core.registry import Method
from augment.core.search import Among, Range
from augment.core.settings_block import Spec


class NetworkSpec(Method):
    """The generator, and in a GAN the discriminator that mirrors it.

    Attributes:
        GENERATOR: Reference to a subclass of `Generator`.
        DISCRIMINATOR: Reference to a subclass of `Discriminator`.
        width: Channels of the layers nearest to the image; deeper layers have multiples of it. For ``mlp`` a
            sixteenth of its hidden units.
        latent_dim: Length of the noise vector.
        initialisation: Of weights: ``normal`` has a standard deviation of 0.02.
    """

    TAG: ClassVar[str] = "architecture"
    GENERATOR: ClassVar[str]
    DISCRIMINATOR: ClassVar[str]

    width: Annotated[PositiveInt, Among(8, 16, 24, 32)] = 16
    latent_dim: Annotated[PositiveInt, Among(16, 32, 64)] = 32
    initialisation: Literal["orthogonal", "normal", "xavier", "he"] = "orthogonal"


class Compact(NetworkSpec):
    """Few channels and pixel shuffles, made for CPUs."""

    GENERATOR = "augment.synthesis.networks.compact:CompactGenerator"
    DISCRIMINATOR = "augment.synthesis.networks.compact:CompactDiscriminator"

    architecture: Literal["compact"] = "compact"


class Mlp(NetworkSpec):
    """Linear layers, as in the classic tutorials."""

    GENERATOR = "augment.synthesis.networks.tutorial:MlpGenerator"
    DISCRIMINATOR = "augment.synthesis.networks.tutorial:MlpDiscriminator"

    architecture: Literal["mlp"] = "mlp"


class Dcgan(NetworkSpec):
    """Strided convolutions, as in the classic tutorials."""

    GENERATOR = "augment.synthesis.networks.tutorial:DcganGenerator"
    DISCRIMINATOR = "augment.synthesis.networks.tutorial:DcganDiscriminator"

    architecture: Literal["dcgan"] = "dcgan"


class Resnet(NetworkSpec):
    """Residual blocks, as SNGAN's and BigGAN's.

    Attributes:
        attention: Whether there is self-attention in the middle.
        skip_latent: Whether every block sees the noise, not only the first.
    """

    GENERATOR = "augment.synthesis.networks.resnet:ResnetGenerator"
    DISCRIMINATOR = "augment.synthesis.networks.resnet:ResnetDiscriminator"

    architecture: Literal["resnet"] = "resnet"
    attention: bool = False
    skip_latent: Annotated[bool, Among(False, True)] = False


class DiscriminatorSpec(Spec):
    """What only the discriminator has.

    Attributes:
        spectral_norm: Whether every layer is spectrally normalised.
        dropout: Share of the activations dropped.
    """

    spectral_norm: Annotated[bool, Among(True, False)] = True
    dropout: Annotated[float, Field(ge=0.0, lt=1.0), Range(0.0, 0.4)] = 0.0
