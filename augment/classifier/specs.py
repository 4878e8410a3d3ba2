"""Settings of the classifier and of the recipes it is trained by."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from augment.core.specs import Spec


class ClassifierSpec(Spec):
    """The classifier of a dataset; every arm trains the same.

    Attributes:
        width: Channels of the first layer.
        batch_size: Images a step.
        learning_rate: AdamW's rate.
        max_steps: Cap on the training steps; a run that reaches it is reported as not converged.
        eval_every: Steps between two looks at val.
        patience: Looks at val without improvement before training stops.
        flips: Whether a mirrored image keeps its label, so that recipes may mirror.
    """

    width: PositiveInt = 16
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 4e-3
    max_steps: PositiveInt = 1000
    eval_every: PositiveInt = 25
    patience: PositiveInt = 8
    flips: bool = False


class RecipeSpec(Spec):
    """How an arm treats its training set.

    Attributes:
        transforms: ``none``, or ``mild``: small random rotation, scale and shift of every image.
        sampling: ``natural`` (every image once an epoch) or ``balanced`` (every class equally often).
    """

    transforms: Literal["none", "mild"]
    sampling: Literal["natural", "balanced"]
