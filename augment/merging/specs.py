"""Settings of a training set that is made of real and synthetic images."""

from typing import Annotated

from pydantic import Field

from augment.core.specs import Name, Spec

REAL = "real"
"""The training set that every dataset has: what `prepare` makes."""


class MixSpec(Spec):
    """A training set of real and synthetic images, or of synthetic ones alone.

    Attributes:
        synthesizer: Whose images; one of the names under ``synthesizers``.
        share: Synthetic share of every class of the result: at 0.5 each class doubles. At 1 the set is all the
            synthetic images and no real one.
        allow_failed: Whether to merge images of a synthesizer that failed its checks.
    """

    synthesizer: Name
    share: Annotated[float, Field(gt=0.0, le=1.0)]
    allow_failed: bool = False
