"""Settings of the classifier and of the recipes it is trained by."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from augment.classifier.parts import BACKBONES, MIXINGS, TRANSFORMS, options_of
from augment.classifier.unlabelled_spec import FixMatch, UnlabelledSpec
from augment.core.search import Among, Range
from augment.core.settings_block import Spec

NAMED_BY_HASH = re.compile(r"-([0-9a-f]{8,64})\.safetensors$")
"""How a file of weights is to end: in the first digits of its SHA-256, as those of torch.hub do. DVC knows the settings
of a stage, not the weights: other weights are to be another setting."""


def _named_by_hash(path: str) -> str:
    if not NAMED_BY_HASH.search(path):
        raise ValueError(
            f"expected safetensors whose name ends in 8 or more digits of its SHA-256, e.g. {path.partition('.')[0]}"
            f"-57934424.safetensors (sha256sum gives them)"
        )
    return path


class PretrainedSpec(Spec):
    """A network that others trained.

    Attributes:
        model: Timm's name of the network, with a tag where it has several sets of weights:
            ``mobilenetv3_small_100.lamb_in1k``.
        mode: ``frozen``: the network is left as it is, and a linear head on its features is trained; ``finetune``: all
            of it is trained.
        weights: File of its weights, safetensors with timm's names, whose own name ends in the first digits of its
            SHA-256: ``NAME-57934424.safetensors``; by default those of timm's hub, downloaded once.
        side: Pixels of the square that images are brought to; by default that which the weights were trained at.
        views: Where ``frozen`` and the recipe changes images at random: how many versions of each are drawn, whose
            features are computed once.
        trunk_rate: Of ``finetune``: learning rate of the last layer below the head, as a share of the head's.
        layer_decay: Of ``finetune``: a layer's rate as a share of that of the layer above: lower ones know what all
            images have in common (ULMFiT, [1801.06146](https://arxiv.org/abs/1801.06146)).
    """

    model: Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?$")]
    mode: Literal["frozen", "finetune"] = "frozen"
    weights: Annotated[str, AfterValidator(_named_by_hash)] | None = None
    side: Annotated[int, Field(ge=32, le=1024)] | None = None
    views: PositiveInt = 4
    trunk_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 0.1
    layer_decay: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8

    @model_validator(mode="after")
    def _keys_are_heard(self) -> Self:
        for key, mode in {"views": "frozen", "trunk_rate": "finetune", "layer_decay": "finetune"}.items():
            if mode != self.mode and getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{key}: only mode {mode} has it, found {self.mode}")
        return self


class ClassifierSpec(Spec):
    """The classifier of a dataset; every arm trains the same, with the same budget.

    Attributes:
        backbone: The network: see below.
        width: Channels of the first stage, of backbones that leave it open: ``small_cnn``.
        pretrained: What ``pretrained`` is to begin with: see below.
        batch_size: Images a step.
        learning_rate: AdamW's rate.
        max_steps: Cap on the training steps; a run that reaches it is reported as not converged.
        eval_every: Steps between two evaluations on val.
        patience: Evaluations without improvement before training stops.
        flips: Whether a mirrored image keeps its label, so that recipes may mirror.
    """

    backbone: Annotated[str, BACKBONES] = "small_cnn"
    width: PositiveInt = 24
    pretrained: Annotated[PretrainedSpec | None, Field(exclude_if=lambda block: block is None)] = None
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
        missing = [option for option in heeded[self.backbone] if getattr(self, option) is None]
        if missing:
            raise ValueError(f"{', '.join(missing)}: backbone {self.backbone} needs it; expected a block")
        return self


def is_frozen(spec: ClassifierSpec) -> bool:
    """Tell whether the head alone is trained."""
    return spec.pretrained is not None and spec.pretrained.mode == "frozen"


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
        unlabelled: How it also learns from images without labels, if it does: see below.
    """

    transforms: Annotated[str, TRANSFORMS, Among("none", "mild")]
    noise: NonNegativeFloat = 0.0
    mixing: Annotated[str, MIXINGS, Among("none", "mixup", "cutmix")] = "none"
    mixing_alpha: Annotated[PositiveFloat, Range(0.2, 1.0)] = 1.0
    sampling: Annotated[Literal["natural", "balanced", "balanced_cells"], Among("natural", "balanced")]
    loss: Annotated[Literal["plain", "class_weighted", "group_dro"], Among("plain", "class_weighted")] = "plain"
    coral: NonNegativeFloat = 0.0
    weight_decay: Annotated[NonNegativeFloat, Range(1e-3, 0.3, log=True)] = 1e-2
    dropout: Annotated[float, Field(ge=0.0, lt=1.0), Range(0.0, 0.5)] = 0.0
    unlabelled: Annotated[UnlabelledSpec | None, Field(exclude_if=lambda block: block is None)] = None

    @model_validator(mode="after")
    def _views_are_not_mixed(self) -> Self:
        if isinstance(self.unlabelled, FixMatch) and self.mixing != "none":
            raise ValueError(f"mixing: expected none, as unlabelled is fixmatch, found {self.mixing}")
        return self

    @property
    def changes_images(self) -> bool:
        """Whether an image is another one each time that it is drawn."""
        return self.transforms != "none" or self.mixing != "none" or self.noise > 0
