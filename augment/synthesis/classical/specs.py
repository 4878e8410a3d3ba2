"""Settings of the classical synthesizers."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from augment.core.specs import Spec

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class MixtureSpec(Spec):
    """A mixture of Gaussians a class, over the principal components of the pixels.

    Attributes:
        components: Principal components kept; fewer where the images or the pixels are fewer (see `fit_mixture`).
            A batch holds one components×components matrix an image, hence the bound.
        gaussians: Gaussians a class; fewer where the class has too few images (see `fit_mixture`).
        covariance: ``full``, or ``diag``: components independent within a Gaussian.
        regularisation: Variance added to every component of every Gaussian, on the scale where black is -1 and
            white is 1. Keeps covariances positive; also the spread around a class's only image.
    """

    kind: Literal["mixture"]
    components: Annotated[int, Field(ge=1, le=256)] = 64
    gaussians: PositiveInt = 10
    covariance: Literal["full", "diag"] = "full"
    regularisation: Annotated[float, Field(ge=1e-6)] = 1e-3


class SmoteSpec(Spec):
    """Interpolation between an image and a near one of its class.

    Attributes:
        neighbours: Nearest images to choose from; all others of the class where they are fewer.
    """

    kind: Literal["smote"]
    neighbours: PositiveInt = 5


class JitterSpec(Spec):
    """Small random movements of training images; every range is symmetric and drawn from uniformly.

    Attributes:
        rotation: Largest rotation either way, in degrees.
        scaling: Largest change of size either way, as a share: 0.1 draws factors from 0.9 to 1.1.
        shift: Largest shift either way, as a share of the image's height and width.
        flips: Whether half of the images are mirrored left to right; only where that keeps the label.
        pixel_noise: Standard deviation of the Gaussian noise added to every pixel, in grey levels (0 to 255).
    """

    kind: Literal["jitter"]
    rotation: Annotated[float, Field(ge=0.0, le=180.0)] = 10.0
    scaling: Share = 0.1
    shift: Share = 0.1
    flips: bool = False
    pixel_noise: NonNegativeFloat = 0.0
