"""Settings of SMOTE."""

from typing import Literal

from pydantic import PositiveInt

from augment.synthesis.base.methods import SynthesizerSpec


class SmoteSpec(SynthesizerSpec):
    """Interpolation between an image and a near one of its class.

    Attributes:
        neighbours: Nearest images to choose from; all others of the class where they are fewer.
    """

    TITLE = "interpolation between near images of a class"
    WHEN = "control: is the GAN better than mixing neighbours?"
    HOLDS_IMAGES = True
    BUILDER = "augment.synthesis.classical.smote:Smote"
    TRAINER = "augment.synthesis.classical.smote:fit_smote"

    kind: Literal["smote"] = "smote"
    neighbours: PositiveInt = 5
