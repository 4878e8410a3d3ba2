"""Settings of training sets that are made of real and synthetic images."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from augment.core import images
from augment.core.search import Among, Range
from augment.core.settings_block import Name, Spec

REAL = images.REAL
"""The training set that every dataset has: what `prepare` makes."""


class FilterSpec(Spec):
    """Which synthetic images a merge leaves out, besides pixel-for-pixel duplicates.

    Attributes:
        near_copies: Whether to leave out images closer to a training image than all but 1 % of held-out images are
            (fewer than 99 of those: closer than any).
        agree: Whether the judge, a CNN trained on the real images, must take an image for the class it was made for.
        min_confidence: Probability that the judge must give that class.
    """

    near_copies: bool = True
    agree: Annotated[bool, Among(False, True)] = False
    min_confidence: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0


class _Source(Spec):
    """Which synthetic images a training set takes.

    Attributes:
        synthesizer: Whose images; one of the names under ``synthesizers``.
        weight: How much a synthetic image counts in the classifier's loss; a real one counts 1.
        filter: Which images are left out.
        allow_failed: Whether to merge images of a synthesizer that failed its checks.
    """

    synthesizer: Name
    weight: Annotated[PositiveFloat, Range(0.1, 1.0, log=True)] = 1.0
    filter: FilterSpec = FilterSpec()
    allow_failed: bool = False


class MixSpec(_Source):
    """A training set of real and synthetic images, or of synthetic ones alone. One of ``share`` and ``fill`` is set.

    Attributes:
        share: Synthetic share of every class of the result: at 0.5 each class doubles. At 1 the set is all the
            synthetic images and no real one.
        fill: Number of images up to which synthetic ones fill every class that has fewer real ones, or ``largest``:
            the number that the largest class has, or ``cells``: every cell of class and group up to the largest cell,
            from images that are translated from other groups.
        control: Whether it stands where synthesis stands, to be compared with it: a control is never what the verdict
            is about, nor what it recommends or releases.
    """

    share: Annotated[Annotated[float, Field(gt=0.0, le=1.0)] | None, Range(0.1, 0.6)] = None
    fill: PositiveInt | Literal["largest", "cells"] | None = None
    control: bool = False

    @model_validator(mode="after")
    def _says_how_many(self) -> Self:
        if (self.share is None) == (self.fill is None):
            raise ValueError("expected one of share and fill")
        if self.synthetic_only and self.weight != 1.0:
            raise ValueError("weight: at share 1 there is no real image to weigh against; leave it out")
        return self

    @property
    def synthetic_only(self) -> bool:
        """Whether there is no real image in the set."""
        return self.share == 1.0


class AutoMixSpec(_Source):
    """A training set of real and synthetic images whose synthetic share is chosen on val.

    Attributes:
        shares: Candidates, 0 among them: real images alone. Another is taken only where it beats 0 by more than the
            standard error of the difference.
        recipe: Which of ``arms.recipes`` the classifiers that decide are trained by.
        runs: Classifiers of each candidate.
    """

    shares: list[Annotated[float, Field(ge=0.0, lt=1.0)]] = Field(default_factory=lambda: [0.0, 0.25, 0.5])
    recipe: Name
    runs: Annotated[int, Field(ge=2, description="a standard error needs at least two runs")] = 3

    @model_validator(mode="after")
    def _shares_are_a_choice(self) -> Self:
        if 0.0 not in self.shares or len(set(self.shares)) != len(self.shares) or len(self.shares) < 2:
            raise ValueError(f"shares: expected 0 and other shares, each once, found {self.shares}")
        return self

    def at(self, share: float) -> MixSpec:
        """Give the mix of one candidate above 0."""
        return MixSpec(share=share, **{name: getattr(self, name) for name in _Source.model_fields})
