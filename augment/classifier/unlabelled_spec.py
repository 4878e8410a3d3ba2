"""Settings of how a recipe learns from images without labels."""

from typing import Annotated, Literal

from pydantic import PositiveFloat, PositiveInt

from augment.classifier.parts import TRANSFORMS
from augment.core.pseudo_labels import Threshold
from augment.core.registry import Method, OneOf


class UnlabelledMethod(Method):
    """How a recipe learns from images without labels."""


class SelfTraining(UnlabelledMethod):
    """Train, label the images of which that classifier is sure, and train anew on both.

    Pseudo-labels (Lee, ICML 2013 workshop) in the order of noisy student
    ([1911.04252](https://arxiv.org/abs/1911.04252)): the second classifier begins where the first began, and sees what
    it learns through the recipe's transforms, as the first did not when it labelled.

    Attributes:
        threshold: Threshold from which on a label is believed. Probabilities are first brought to what val says they
            are worth, by one temperature ([1706.04599](https://arxiv.org/abs/1706.04599)).
    """

    kind: Literal["self_training"]
    threshold: Threshold = 0.9


class FixMatch(UnlabelledMethod):
    """At every step, believe what the network is sure of where it sees an image as the recipe shows it, and ask the
    same of it where the image is strongly changed (FixMatch, [2001.07685](https://arxiv.org/abs/2001.07685)).

    Attributes:
        threshold: Threshold, as the network states it, from which on a label is believed.
        ratio: Images without labels a step, for each with one: a step takes 1 + 2 × ratio times as long.
        weight: How much they count in the loss.
        strong: The strong change, one of the transforms.
    """  # noqa: D205  # one paragraph: docs/arms.md shows it

    kind: Literal["fixmatch"]
    threshold: Threshold = 0.95
    ratio: PositiveInt = 7
    weight: PositiveFloat = 1.0
    strong: Annotated[str, TRANSFORMS] = "rand_augment"


UnlabelledSpec = Annotated[UnlabelledMethod, OneOf()]
"""Settings of such a method, told by ``kind``."""
