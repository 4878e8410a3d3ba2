"""Settings of the conditional variational autoencoder."""

from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from augment.core.specs import Spec
from augment.synthesis.gan.specs import Decay, NetworkSpec
from augment.synthesis.watching import WatchSpec


class VaeSpec(Spec):
    """A conditional VAE and its training; its decoder is a GAN generator of the same settings.

    Attributes:
        steps: Updates.
        batch_size: Images an update.
        learning_rate: Adam's; falls linearly to 2 % over the second half.
        beta: Weight of the divergence from the prior, 1 for the evidence lower bound.
        ema: Upper bound of the decay of the averaged weights.
        rollbacks: How often a diverged training may return to its last good state.
        network: The decoder.
        watch: Looks while training, choice of the best, early stop.
    """

    kind: Literal["vae"]
    steps: PositiveInt
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 2e-3
    beta: PositiveFloat = 1.0
    ema: Decay = 0.999
    rollbacks: NonNegativeInt = 3
    network: NetworkSpec = NetworkSpec()
    watch: WatchSpec = WatchSpec()
