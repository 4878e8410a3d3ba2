"""Settings of the GAN and of what is drawn from it."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from augment.core.specs import Spec


class GanSpec(Spec):
    """How the conditional GAN is built and trained.

    Attributes:
        steps: Training steps; each updates the discriminator and the generator once.
        batch_size: Real images a step; as many are generated.
        learning_rate: Adam's rate for both networks; constant for half of the steps, then falling linearly to 2 %.
        width: Channels of the layers nearest to the image; deeper layers have multiples of it.
        latent_dim: Length of the noise vector.
        auxiliary_weight: Weight of the auxiliary class loss; 0 leaves conditioning to the projection alone.
        ema: Upper bound of the decay of the generator's averaged weights.
        snapshots: Sample grids drawn over the course of training, evenly spaced, the last at its end.
    """

    steps: PositiveInt
    batch_size: Annotated[int, Field(ge=2)] = 32
    learning_rate: PositiveFloat = 4e-3
    width: PositiveInt = 16
    latent_dim: PositiveInt = 64
    auxiliary_weight: NonNegativeFloat = 0.2
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.999
    snapshots: PositiveInt = 4


class SynthesisSpec(Spec):
    """What is drawn from the trained generator.

    Attributes:
        per_class: Images of each class.
    """

    per_class: PositiveInt
