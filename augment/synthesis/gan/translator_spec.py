"""Settings of the translator: a GAN whose generator starts from an image of another group."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from augment.core.registry import OneOf
from augment.synthesis.base.iterative_spec import IterativeSpec
from augment.synthesis.gan.gan_spec import AugmentationSpec, OptimiserSpec
from augment.synthesis.gan.losses import Hinge, Loss
from augment.synthesis.networks.architectures import Compact, DiscriminatorSpec, NetworkSpec


class TranslatorSpec(IterativeSpec):
    """Translation between groups by one network for all of them, trained without pairs.

    As StarGAN ([1711.09020](https://arxiv.org/abs/1711.09020)), with the group in the normalisation
    ([1610.07629](https://arxiv.org/abs/1610.07629)) and without classes: no term pulls an image towards the classes
    that its target group happens to have.

    Attributes:
        batch_size: Real images an update; as many are translated.
        width: Channels at half the resolution.
        blocks: Residual blocks there.
        cycle: Weight of the mean absolute error of an image that was translated there and back (CycleGAN,
            [1703.10593](https://arxiv.org/abs/1703.10593)).
        identity: Weight of that of an image translated to its own group.
        movement: Weight of the mean squared change of a translated image: of all ways to look like the other group, the
            nearest, as in optimal transport; more of it keeps the class.
        network: The discriminator, which sees image and group.
        discriminator: What only the discriminator has.
        loss: The game.
        optimiser: How weights are updated.
        augmentation: Of what the discriminator sees; left out, it sees images as they are.
    """

    TITLE = "GAN that translates images between groups"
    WHEN = "cells without images; `transport` has filled them better so far"
    HOLDS_IMAGES = True
    BUILDER = "augment.synthesis.gan.translator_network:build_translator"
    TRAINER = "augment.synthesis.gan.translator_training:TranslatorTraining"

    kind: Literal["translator"] = "translator"
    batch_size: Annotated[int, Field(ge=2)] = 32
    width: PositiveInt = 32
    blocks: NonNegativeInt = 2
    cycle: NonNegativeFloat = 5.0
    identity: NonNegativeFloat = 2.0
    movement: NonNegativeFloat = 1.0
    network: Annotated[NetworkSpec, OneOf(default="compact")] = Compact()
    discriminator: DiscriminatorSpec = DiscriminatorSpec()
    loss: Annotated[Loss, OneOf(default="hinge")] = Hinge()
    optimiser: OptimiserSpec = OptimiserSpec(learning_rate=2e-3)
    augmentation: AugmentationSpec | None = AugmentationSpec(kinds=["translation"])
