"""Settings of the classifier and of the recipes it is trained by."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from augment.classifier.parts import BACKBONES, MIXINGS, TRANSFORMS, options_of
from augment.core.settings_block import Spec


class ClassifierSpec(Spec):
    """The classifier of a dataset; every arm trains the same, with the same budget.

    Attributes:
        backbone: The network: see below.
        width: Channels of the first stage, of backbones that leave it open: ``small_cnn``.
        batch_size: Images a step.
        learning_rate: AdamW's rate.
        max_steps: Cap on the training steps; a run that reaches it is reported as not converged.
        eval_every: Steps between two evaluations on val.
        patience: Evaluations without improvement before training stops.
        flips: Whether a mirrored image keeps its label, so that recipes may mirror.
    """

    backbone: Annotated[str, BACKBONES] = "small_cnn"
    width: PositiveInt = 24
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 4e-3
    max_steps: PositiveInt = 1000
    eval_every: PositiveInt = 25
    patience: PositiveInt = 8
    flips: bool = False

    @model_validator(mode="after")
    def _options_are_heard(self) -> Self:
        heeded = {name: options_of(name) for name in BACKBONES}
        for option in sorted({option for own in heeded.values() for option in own} - set(heeded[self.backbone])):
            if getattr(self, option) != type(self).model_fields[option].default:
                having = ", ".join(name for name, own in heeded.items() if option in own)
                raise ValueError(f"{option}: only backbone {having} has it, found {self.backbone}")
        return self


class RecipeSpec(Spec):
    """How an arm treats its training set; what it does not say is the same in every arm.

    Attributes:
        transforms: What every image goes through, each by its own draw: see below. Only ``none``, and ``noise``, are
            safe where a shift or a turn may change the label.
        noise: Standard deviation of the Gaussian noise added to every pixel, in grey levels (0 to 255).
        mixing: Pairs of images made one, label and all: see below.
        mixing_alpha: Both parameters of the Beta distribution that an image's own share is drawn from; 1 is uniform,
            less leaves most images nearly alone.
        sampling: ``natural`` (every image once an epoch, but for those, drawn anew each time, that fill no batch),
            ``balanced`` (every class equally often) or ``balanced_cells`` (every cell of class and group that has
            images).
        loss: ``plain`` cross-entropy, ``class_weighted``, by the inverse of the effective number of a class's
            samples, or ``group_dro``: the cells on which the network does worst weigh most
            ([1911.08731](https://arxiv.org/abs/1911.08731)).
        coral: Weight of the difference between the covariances that the features below the head have in two groups
            (deep CORAL, [1607.01719](https://arxiv.org/abs/1607.01719)).
        weight_decay: AdamW's, decoupled.
        dropout: Share of the features below the head that a step leaves out.
    """

    transforms: Annotated[str, TRANSFORMS]
    noise: NonNegativeFloat = 0.0
    mixing: Annotated[str, MIXINGS] = "none"
    mixing_alpha: PositiveFloat = 1.0
    sampling: Literal["natural", "balanced", "balanced_cells"]
    loss: Literal["plain", "class_weighted", "group_dro"] = "plain"
    coral: NonNegativeFloat = 0.0
    weight_decay: NonNegativeFloat = 1e-2
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
