"""Settings of a dataset: where its images come from, how they are split, how the train split is thinned."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from augment.core.registry import OneOf
from augment.core.specs import Spec
from augment.datasets.raw import SOURCES, Source

MIN_SIDE, MAX_SIDE = 8, 128
"""Smallest and largest image height and width, in pixels, that the networks are built for."""

Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]


SourceSpec = Annotated[Source, OneOf(SOURCES)]
"""Settings of a source: one of those that are registered, told by ``kind``."""


class SplitSpec(Spec):
    """How images are dealt to the splits, each class in proportion.

    Attributes:
        val: Share (0 to 1, exclusive) or number of the images that are not test.
        test: Share or number of all images, or ``official``: the test images the source itself sets apart.
    """

    val: Fraction | PositiveInt
    test: Fraction | PositiveInt | Literal["official"]


class NoScarcity(Spec):
    """Keep the whole train split."""

    kind: Literal["none"]


class PerClassScarcity(Spec):
    """Keep ``count`` train images of every class."""

    kind: Literal["per_class"]
    count: PositiveInt


class LongTailScarcity(Spec):
    """Keep ``head`` images of the first class, ``tail`` of the last, exponentially fewer in between.

    The profile of Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019.
    """

    kind: Literal["long_tail"]
    head: PositiveInt
    tail: PositiveInt

    @model_validator(mode="after")
    def _head_is_larger(self) -> "LongTailScarcity":
        if self.head <= self.tail:
            raise ValueError(f"head must be larger than tail, found head {self.head}, tail {self.tail}")
        return self


ScarcitySpec = Annotated[NoScarcity | PerClassScarcity | LongTailScarcity, Field(discriminator="kind")]
