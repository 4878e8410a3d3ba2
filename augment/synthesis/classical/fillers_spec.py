"""Settings of what translates images between groups without training."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from augment.synthesis.base.methods import SynthesizerSpec


class TransportSpec(SynthesizerSpec):
    """Translation between groups by the linear map that moves images least to make them spread as another group's.

    It is the optimal transport between two Gaussians over the principal components of the pixels. No such map of pixels
    enlarges: where one group shows things larger than another, or elsewhere, images are first drawn to match.

    Attributes:
        align: Whether that is done, by a scale and a shift an axis.
        components: Principal components that are moved; what they do not hold of an image stays as it is.
        ridge: Variance added to every component of every group, on the scale where black is -1 and white is 1: more
            of it keeps a group of few images from being believed too much.
        strength: How far images are moved: 1 all the way.
    """

    TITLE = "linear optimal-transport map between groups"
    WHEN = "cells of class and group without images: the strongest filler so far"
    HOLDS_IMAGES = True
    BUILDER = "augment.synthesis.classical.fillers:Transport"
    TRAINER = "augment.synthesis.classical.fillers:fit_transport"

    kind: Literal["transport"] = "transport"
    align: bool = True
    components: Annotated[int, Field(ge=1, le=256)] = 128
    ridge: PositiveFloat = 2e-3
    strength: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0


class FourierSpec(SynthesizerSpec):
    """Translation by the amplitudes of low frequencies, taken from a random image of the target group.

    Fourier domain adaptation ([2004.05498](https://arxiv.org/abs/2004.05498)).

    Attributes:
        reach: Highest frequency that is exchanged, in cycles a side, over the shorter side in pixels; at least 1 cycle.
    """

    TITLE = "Fourier domain adaptation between groups"
    WHEN = "cells without images, where groups differ in light and tone"
    HOLDS_IMAGES = True
    BUILDER = "augment.synthesis.classical.fillers:Fourier"
    TRAINER = "augment.synthesis.classical.fillers:fit_by_reference"

    kind: Literal["fourier"] = "fourier"
    reach: Annotated[float, Field(gt=0.0, le=0.5)] = 0.09


class HistogramSpec(SynthesizerSpec):
    """Translation by the histogram of a random image of the target group."""

    TITLE = "histogram matching between groups"
    WHEN = "the simplest filler: groups that differ in exposure alone"
    HOLDS_IMAGES = True
    BUILDER = "augment.synthesis.classical.fillers:Histogram"
    TRAINER = "augment.synthesis.classical.fillers:fit_by_reference"

    kind: Literal["histogram"] = "histogram"
