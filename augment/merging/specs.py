"""Settings of a mix of real and synthetic images."""

from typing import Annotated

from pydantic import Field

from augment.core.specs import Spec


class MixSpec(Spec):
    """A training set made of all real images and some synthetic ones.

    Attributes:
        share: Synthetic share of every class of the result, above 0 and below 1: at 0.5 each class doubles.
    """

    share: Annotated[float, Field(gt=0.0, lt=1.0)]
