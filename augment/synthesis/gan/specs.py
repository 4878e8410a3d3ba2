"""Settings of the conditional GAN, one block for each thing that can be chosen."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from augment.core.specs import Spec
from augment.synthesis.watching import WatchSpec

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0)]


class NetworkSpec(Spec):
    """The two networks.

    Attributes:
        architecture: ``compact`` (few channels and pixel shuffles, made for CPUs), ``mlp`` and ``dcgan`` (the classic
            tutorial networks), ``resnet`` (residual blocks, as SNGAN's and BigGAN's).
        width: Channels of the layers nearest to the image; deeper layers have multiples of it. For ``mlp`` a
            sixteenth of its hidden units.
        latent_dim: Length of the noise vector.
        spectral_norm: Whether every layer of the discriminator is spectrally normalised.
        attention: Whether ``resnet`` has self-attention in its middle.
        skip_latent: Whether every block of ``resnet`` sees the noise, not only the first.
        dropout: Share of the discriminator's activations dropped.
        initialisation: Of weights: ``orthogonal``, ``normal`` (standard deviation 0.02), ``xavier``, ``he``.
    """

    architecture: Literal["compact", "mlp", "dcgan", "resnet"] = "compact"
    width: PositiveInt = 16
    latent_dim: PositiveInt = 32
    spectral_norm: bool = True
    attention: bool = False
    skip_latent: bool = False
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    initialisation: Literal["orthogonal", "normal", "xavier", "he"] = "orthogonal"

    @model_validator(mode="after")
    def _resnet_only(self) -> Self:
        for name in ("attention", "skip_latent"):
            if getattr(self, name) and self.architecture != "resnet":
                raise ValueError(f"{name}: only architecture resnet has it, found {self.architecture}")
        return self


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
    discriminator: Literal["projection", "auxiliary", "both", "concat", "none"] = "both"
    auxiliary_weight: NonNegativeFloat = 0.4
    transition: TransitionSpec | None = None

    @model_validator(mode="after")
    def _fades_in(self) -> Self:
        if self.transition and "concat" in (self.generator, self.discriminator):
            raise ValueError("transition: a concatenated label cannot be faded in; expected batch_norm and no concat")
        return self


class LossSpec(Spec):
    """The game.

    Attributes:
        kind: ``hinge``, ``non_saturating`` (binary cross-entropy), ``least_squares`` or ``wasserstein``.
        label_smoothing: With ``non_saturating``, real images are called real by one minus this only.
        weight_clip: With ``wasserstein``, largest absolute weight of the discriminator; 0 does not clip.
        gradient_penalty: Weight of the penalty that keeps gradients between real and fake near norm 1.
        r1: Weight (γ/2) of the penalty on gradients at real images.
        r1_every: Steps from one R1 penalty to the next, each weighing as much more (lazy regularisation).
        lecam: Weight of LeCam regularisation, for few images.
        top_k: Share of the generator's images, the most real ones, that it learns from at the end of training.
    """

    kind: Literal["hinge", "non_saturating", "least_squares", "wasserstein"] = "hinge"
    label_smoothing: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.0
    weight_clip: NonNegativeFloat = 0.0
    gradient_penalty: NonNegativeFloat = 0.0
    r1: NonNegativeFloat = 0.0
    r1_every: PositiveInt = 16
    lecam: NonNegativeFloat = 0.0
    top_k: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.label_smoothing and self.kind != "non_saturating":
            raise ValueError(f"label_smoothing: expected 0 with {self.kind}; only non_saturating has labels to smooth")
        if self.weight_clip and self.kind != "wasserstein":
            raise ValueError(f"weight_clip: expected 0 with {self.kind}; it belongs to wasserstein")
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
    learning_rate: PositiveFloat = 4e-3
    discriminator_learning_rate: PositiveFloat | None = None
    betas: Annotated[list[Decay], Field(min_length=2, max_length=2)] = Field(default_factory=lambda: [0.0, 0.99])
    discriminator_steps: PositiveInt = 1
    gradient_clip: NonNegativeFloat = 0.0
    decay: Share = 0.5
    decay_to: Share = 0.02


class AugmentationSpec(Spec):
    """Differentiable augmentation of what the discriminator sees, against its overfitting to few images.

    Attributes:
        kinds: Any of ``translation``, ``cutout``, ``colour``.
        probability: Share of images that are changed.
        adaptive: Whether that share follows the discriminator's overfitting (ADA); ``probability`` is its bound.
        target: With ``adaptive``, the mean sign of real scores that is aimed at.
        images: With ``adaptive``, real images over which the share may move from 0 to 1.
    """

    kinds: Annotated[list[Literal["translation", "cutout", "colour"]], Field(min_length=1)]
    probability: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    adaptive: bool = False
    target: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.6
    images: PositiveInt = 100_000


class GanSpec(Spec):
    """A conditional GAN and its training. All blocks may be left out: the defaults are what did best on 28×28 images.

    Attributes:
        steps: Generator updates.
        batch_size: Real images an update; as many are generated.
        ema: Upper bound of the decay of the generator's averaged weights.
        watch: Evaluations while training, choice of the best, early stop.
        rollbacks: How often a diverged training may return to its last good state, each time at half the rate.
    """

    kind: Literal["gan"]
    steps: PositiveInt
    batch_size: Annotated[int, Field(ge=2)] = 32
    ema: Decay = 0.999
    rollbacks: NonNegativeInt = 3
    network: NetworkSpec = NetworkSpec()
    conditioning: ConditioningSpec = ConditioningSpec()
    loss: LossSpec = LossSpec()
    optimiser: OptimiserSpec = OptimiserSpec()
    augmentation: AugmentationSpec | None = None
    watch: WatchSpec = WatchSpec()
