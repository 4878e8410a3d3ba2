"""Settings of jitter."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat

from augment.synthesis.base.methods import SynthesizerSpec

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class JitterSpec(SynthesizerSpec):
    """Small random movements of training images; every range is symmetric and drawn from uniformly.

    Attributes:
        rotation: Largest rotation either way, in degrees.
        scaling: Largest change of size either way, as a share: 0.1 draws factors from 0.9 to 1.1.
        shift: Largest shift either way, as a share of the image's height and width.
        flips: Whether half of the images are mirrored left to right; only where that keeps the label.
        pixel_noise: Standard deviation of the Gaussian noise added to every pixel, in grey levels (0 to 255).
    """

    TITLE = "small movements of training images"
    WHEN = "control: is the GAN better than classical augmentation?"
    HOLDS_IMAGES = True
    BUILDER = "augment.synthesis.classical.jitter:Jitter"
    TRAINER = "augment.synthesis.classical.jitter:fit_jitter"

    kind: Literal["jitter"] = "jitter"
    rotation: Annotated[float, Field(ge=0.0, le=180.0)] = 10.0
    scaling: Share = 0.1
    shift: Share = 0.1
    flips: bool = False
    pixel_noise: NonNegativeFloat = 0.0
