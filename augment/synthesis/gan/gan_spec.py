"""Settings of the conditional GAN, one block for each thing that can be chosen."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from augment.core.registry import AnyOf, OneOf
from augment.core.search import Among, Range
from augment.core.settings_block import Spec
from augment.synthesis.base.iterative_spec import Decay, PooledSpec
from augment.synthesis.gan.losses import Hinge, Loss
from augment.synthesis.gan.policies import POLICIES
from augment.synthesis.gan.regularisers import Regulariser
from augment.synthesis.networks.architectures import Compact, DiscriminatorSpec, NetworkSpec

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class TransitionSpec(Spec):
    """From unconditional to conditional training (Shahbazi et al., 2022, arXiv 2201.06578).

    Attributes:
        begin: Share of the training after which labels begin to count.
        end: Share after which they count fully; linear between the two.
    """

    begin: Share
    end: Share

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.begin:
            raise ValueError(f"end: expected at least begin ({self.begin}), found {self.end}")
        return self


class ConditioningSpec(Spec):
    """How the networks learn of labels.

    Attributes:
        generator: ``batch_norm`` (a gain and a bias a class and layer) or ``concat`` (label beside the noise).
        discriminator: ``projection``, ``auxiliary`` (a head that names the class), ``both`` of them, ``concat``
            (a label map beside the image) or ``none`` (labels then mean nothing: a control).
        auxiliary_weight: Weight of the auxiliary head's cross-entropy in both networks' losses.
        transition: Begin unconditional, for very few images; left out, labels count from the first step.
    """

    generator: Literal["batch_norm", "concat"] = "batch_norm"
    discriminator: Annotated[
        Literal["projection", "auxiliary", "both", "concat", "none"], Among("projection", "auxiliary", "both")
    ] = "both"
    auxiliary_weight: Annotated[NonNegativeFloat, Range(0.1, 1.0, log=True)] = 0.4
    transition: TransitionSpec | None = None

    @model_validator(mode="after")
    def _fades_in(self) -> Self:
        if self.transition and "concat" in (self.generator, self.discriminator):
            raise ValueError("transition: a concatenated label cannot be faded in; expected batch_norm and no concat")
        return self


class OptimiserSpec(Spec):
    """How weights are updated.

    Attributes:
        kind: ``adam`` or ``rmsprop``.
        learning_rate: Of the generator, and of the discriminator if it has none of its own.
        discriminator_learning_rate: Two time scales (Heusel et al., 2017, arXiv 1706.08500).
        betas: Adam's decay rates; without momentum, spectrally normalised networks bear high learning rates.
        discriminator_steps: Updates of the discriminator for each of the generator.
        gradient_clip: Largest norm of a network's gradient; 0 does not clip.
        decay: Share of the training, its end, over which the rate falls linearly.
        decay_to: Factor that it falls to.
    """

    kind: Literal["adam", "rmsprop"] = "adam"
    learning_rate: Annotated[PositiveFloat, Range(5e-4, 1e-2, log=True)] = 4e-3
    discriminator_learning_rate: PositiveFloat | None = None
    betas: Annotated[list[Decay], Field(min_length=2, max_length=2)] = Field(default_factory=lambda: [0.0, 0.99])
    discriminator_steps: PositiveInt = 1
    gradient_clip: NonNegativeFloat = 0.0
    decay: Share = 0.5
    decay_to: Share = 0.02


class AugmentationSpec(Spec):
    """Differentiable augmentation of what the discriminator sees, against its overfitting to few images.

    Attributes:
        kinds: Which changes, any of them.
        probability: Share of images that are changed.
        adaptive: Whether that share follows the discriminator's overfitting (ADA); ``probability`` is its bound.
        target: With ``adaptive``, the mean sign of real scores that is aimed at.
        images: With ``adaptive``, real images over which the share may move from 0 to 1.
    """

    kinds: Annotated[list[Annotated[str, POLICIES]], Field(min_length=1)]
    probability: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    adaptive: bool = False
    target: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.6
    images: PositiveInt = 100_000


class GanSpec(PooledSpec):
    """A conditional GAN and its training. All blocks may be left out: the defaults are what did best on 28×28 images.

    Attributes:
        batch_size: Real images an update; as many are generated.
        network: Architecture and sizes of both networks.
        discriminator: What only the discriminator has.
        conditioning: How the networks learn of labels.
        loss: The game.
        regularisers: What keeps the discriminator in check: none, or any of them, each by its name.
        optimiser: How weights are updated.
        augmentation: Of what the discriminator sees; left out, it sees images as they are.
    """

    TITLE = "conditional GAN of any of the architectures, losses and regularisers below"
    WHEN = "the default"
    HOLDS_IMAGES = False
    BUILDER = "augment.synthesis.gan.networks:build_generator"
    TRAINER = "augment.synthesis.gan.training:GanTraining"

    kind: Literal["gan"] = "gan"
    batch_size: Annotated[int, Field(ge=2), Among(16, 32, 64)] = 32
    network: Annotated[NetworkSpec, OneOf(default="compact"), Among("compact", "dcgan", "resnet")] = Compact()
    discriminator: DiscriminatorSpec = DiscriminatorSpec()
    conditioning: ConditioningSpec = ConditioningSpec()
    loss: Annotated[Loss, OneOf(default="hinge"), Among("hinge", "non_saturating")] = Hinge()
    regularisers: Annotated[Mapping[str, Regulariser], AnyOf()] = Field(default_factory=dict)
    optimiser: OptimiserSpec = OptimiserSpec()
    augmentation: AugmentationSpec | None = None
