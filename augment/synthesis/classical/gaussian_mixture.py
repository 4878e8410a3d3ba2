"""A Gaussian mixture a class over principal components (Richardson & Weiss, "On GANs and GMMs", 2018).

arXiv 1805.12462: on small images such mixtures cover the data better than GANs do, and look less sharp.
"""

import warnings

import numpy as np
import numpy.typing as npt
import torch
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as FittedMixture
from torch import Tensor

from augment.core.images import FloatArray, ImageSet, UInt8Array
from augment.core.seeding import derive_seed
from augment.runtime.batches import to_float
from augment.synthesis.base.draws import uniform
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.classical.bank import require_every_class
from augment.synthesis.classical.gaussian_mixture_spec import GaussianMixtureSpec

IMAGES_PER_DIAGONAL = 10
"""Images that a Gaussian with a diagonal covariance is fitted to, at least."""


class GaussianMixture(Synthesizer):
    """Draw from one of the class's Gaussians and map the coordinates back to pixels.

    The first entry of the noise chooses the Gaussian, the others are coordinates in its own axes.

    Attributes:
        edges: float64, shape (gaussians,), the classes one after the other: class k's Gaussians cut [k, k + 1) in
            proportion to their weights, and these are the right ends.
        means: float32, gaussians×components.
        factors: float32, gaussians×components×components, lower triangular: Cholesky factors of the covariances.
        centre: float32, shape (pixels,), the mean image in [-1, 1].
        basis: float32, components×pixels, orthonormal rows: the principal axes.

    Args:
        shape: Channels, height and width of an image.
        classes: Number of classes.
        components: Principal components kept.
        gaussians: Gaussians of all classes together.
    """

    edges: Tensor
    means: Tensor
    factors: Tensor
    centre: Tensor
    basis: Tensor

    def __init__(self, shape: tuple[int, int, int], classes: int, *, components: int, gaussians: int) -> None:
        super().__init__()
        self.shape, self.classes, self.latent_dim = shape, classes, 1 + components
        self.sizes = {"components": components, "gaussians": gaussians}
        pixels = int(np.prod(shape))
        self.register_buffer("edges", torch.zeros(gaussians, dtype=torch.float64))
        self.register_buffer("means", torch.zeros(gaussians, components))
        self.register_buffer("factors", torch.zeros(gaussians, components, components))
        self.register_buffer("centre", torch.zeros(pixels))
        self.register_buffer("basis", torch.zeros(components, pixels))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Draw.

        Args:
            noise: float32, N×latent_dim, standard normal.
            labels: int64, N class indices.

        Returns:
            float32, N×C×H×W in [-1, 1].
        """
        which = torch.searchsorted(self.edges, labels + uniform(noise[:, 0]), right=True)
        # Two small products: bfloat16 would save nothing and blur the pixels.
        with torch.autocast(noise.device.type, enabled=False):
            coordinates = self.means[which] + (self.factors[which] @ noise[:, 1:, None]).squeeze(2)
            pixels = self.centre + coordinates @ self.basis
        return pixels.unflatten(1, self.shape).clamp(-1.0, 1.0)


def build_mixture(
    spec: GaussianMixtureSpec,  # noqa: ARG001  # all are called alike
    shape: tuple[int, int, int],
    classes: int,
    **sizes: int,
) -> GaussianMixture:
    """Build a mixture of the sizes that the data gave it, empty until its state is loaded."""
    return GaussianMixture(shape, classes, **sizes)


def fit_mixture(train: ImageSet, spec: GaussianMixtureSpec, seed: int) -> GaussianMixture:
    """Find the principal axes of all images, then fit a mixture to every class.

    The pixels are not whitened: distances and the regularisation keep the meaning they have between images. What
    the axes leave out is lost, not put back as noise: that would be a grain that the images do not have. All
    images weigh the same in finding the axes, so a rare class loses more than a common one.

    What is asked for is cut down to what the data can tell. N images span N - 1 axes, so there are no more
    components than that. A Gaussian with a full covariance needs more images than it has components, one with a
    diagonal covariance `IMAGES_PER_DIAGONAL`; a class has as many Gaussians as it has images for, and at least
    one. A class with too few images even for one has a Gaussian that is flat but for the regularisation: its
    images mixed with each other, or a single image over and over.

    Args:
        train: Real images to learn from, at least two.
        spec: Size of the model.
        seed: The project's seed (``seed`` in ``params.yaml``).

    Raises:
        DataError: A class has no images.
    """
    require_every_class(train)
    pixels = _flat(train.images)
    components = min(spec.components, pixels.shape[1], len(pixels) - 1)
    pca = PCA(components, random_state=_sklearn_seed(seed, "axes")).fit(pixels)
    coordinates = pca.transform(pixels).astype(np.float64)
    mixtures = [
        fit_class(coordinates[train.labels == label], spec, _sklearn_seed(seed, "class", name))
        for label, name in enumerate(train.classes)
    ]
    gaussians = sum(len(each.weights_) for each in mixtures)
    mixture = GaussianMixture(train.shape, len(train.classes), components=components, gaussians=gaussians)
    state = {
        "edges": np.concatenate([label + right_ends(each.weights_) for label, each in enumerate(mixtures)]),
        "means": np.concatenate([each.means_ for each in mixtures]),
        "factors": np.concatenate([np.linalg.cholesky(full_covariances(each)) for each in mixtures]),
        "centre": pca.mean_,
        "basis": pca.components_,
    }
    mixture.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    return mixture


def fit_class(points: FloatArray, spec: GaussianMixtureSpec, seed: int) -> FittedMixture:
    """Fit one class's mixture by expectation maximisation (Dempster et al., 1977), from k-means' clusters.

    Args:
        points: float64, N×components, N at least 1.
        spec: Size of the model.
        seed: For scikit-learn, below 2^32.
    """
    gaussians = affordable_gaussians(len(points), points.shape[1], spec)
    mixture = FittedMixture(gaussians, covariance_type=spec.covariance, reg_covar=spec.regularisation)
    mixture.set_params(random_state=seed)
    with warnings.catch_warnings():
        # Stopped at its last iteration it is a good mixture still, if not the very best.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # scikit-learn asks for two points; the same one twice has the covariance that one has: none.
        return mixture.fit(points if len(points) > 1 else points.repeat(2, axis=0))


def affordable_gaussians(images: int, components: int, spec: GaussianMixtureSpec) -> int:
    """Count the Gaussians that a class has the images for; see `fit_mixture`."""
    needed = components + 1 if spec.covariance == "full" else IMAGES_PER_DIAGONAL
    return max(1, min(spec.gaussians, images // needed))


def right_ends(weights: FloatArray) -> FloatArray:
    """Cut [0, 1] in proportion to ``weights``, which sum to about 1, and give the right ends; the last is 1."""
    ends = np.minimum(weights.cumsum(), 1.0)
    ends[-1] = 1.0
    return ends


def full_covariances(mixture: FittedMixture) -> FloatArray:
    """Give the covariances as matrices, gaussians×components×components, whatever their type."""
    if mixture.covariance_type == "full":
        return mixture.covariances_
    return mixture.covariances_[:, :, None] * np.eye(mixture.covariances_.shape[1])


def _flat(images: UInt8Array) -> npt.NDArray[np.float32]:
    return to_float(torch.from_numpy(np.array(images))).flatten(1).numpy()


def _sklearn_seed(seed: int, *names: str) -> int:
    return derive_seed(seed, "mixture", *names) % 2**32
