"""Settings of the mixture of Gaussians."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from augment.synthesis.base.methods import SynthesizerSpec


class GaussianMixtureSpec(SynthesizerSpec):
    """A mixture of Gaussians a class, over the principal components of the pixels.

    Attributes:
        components: Principal components kept; fewer where the images or the pixels are fewer.
            A batch holds one components×components matrix an image, hence the bound.
        gaussians: Gaussians a class; fewer where the class has too few images.
        covariance: ``diag``: components independent within a Gaussian.
        regularisation: Variance added to every component of every Gaussian, on the scale where black is -1 and
            white is 1. Keeps covariances positive; also the spread around a class's only image.
    """

    TITLE = "PCA and a Gaussian mixture a class"
    WHEN = "a strong baseline on small grey images, fitted in seconds"
    HOLDS_IMAGES = True
    BUILDER = "augment.synthesis.classical.gaussian_mixture:build_mixture"
    TRAINER = "augment.synthesis.classical.gaussian_mixture:fit_mixture"

    kind: Literal["mixture"] = "mixture"
    components: Annotated[int, Field(ge=1, le=256)] = 64
    gaussians: PositiveInt = 10
    covariance: Literal["full", "diag"] = "full"
    regularisation: Annotated[float, Field(ge=1e-6)] = 1e-3
