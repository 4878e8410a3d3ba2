"""Settings of the conditional variational autoencoder."""

from typing import Annotated, Literal

from pydantic import PositiveFloat, PositiveInt

from augment.core.registry import OneOf
from augment.synthesis.base.iterative_spec import PooledSpec
from augment.synthesis.networks.architectures import Compact, NetworkSpec


class VaeSpec(PooledSpec):
    """A conditional VAE and its training; its decoder is a generator as a GAN's, with the label beside the code.

    Attributes:
        learning_rate: Adam's; falls linearly to 2 % over the second half.
        beta: Weight of the divergence from the prior, 1 for the evidence lower bound.
        network: The decoder.
    """

    TITLE = "conditional variational autoencoder; its decoder is a GAN's generator"
    WHEN = "trained baseline: blurrier, never collapses"
    HOLDS_IMAGES = False
    BUILDER = "augment.synthesis.vae.networks:build_decoder"
    TRAINER = "augment.synthesis.vae.training:VaeTraining"

    kind: Literal["vae"] = "vae"
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 2e-3
    beta: PositiveFloat = 1.0
    network: Annotated[NetworkSpec, OneOf(default="compact")] = Compact()
