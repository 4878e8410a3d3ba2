"""The figures that say how good a generator is, composed from one judge's view of real and synthetic images."""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from augment.core.images import IntArray, first_rows
from augment.quality.distances import frechet_distance, frechet_joint_distance, kernel_distance
from augment.quality.fidelity import label_fidelity
from augment.quality.manifolds import compare_manifolds
from augment.quality.neighbours import Points


@dataclass(frozen=True)
class Judged:
    """Images as the judge sees them.

    Attributes:
        features: Below the judge's head, N×F.
        labels: True labels, or those that synthetic images were made for; class indices, shape (N,).
        probabilities: The judge's class probabilities, N×K.
    """

    features: Points
    labels: IntArray
    probabilities: npt.NDArray[np.floating]

    @property
    def classes(self) -> int:
        """K."""
        return self.probabilities.shape[1]

    @property
    def predicted(self) -> IntArray:
        """The judge's most probable class of each image, shape (N,)."""
        return self.probabilities.argmax(axis=1).astype(np.int64)

    def select(self, rows: IntArray) -> "Judged":
        """Return the images at ``rows``, in that order."""
        return Judged(self.features[rows], self.labels[rows], self.probabilities[rows])


def match(real: Judged, synthetic: Judged) -> tuple[Judged, Judged]:
    """Take equally many images of each class from both sides, as many as the side with fewer has, the first ones.

    With another mix of classes the distances would measure the mix, not the images; with another number, recall,
    coverage and the bias of the Fréchet distance would differ.
    """
    counts = np.minimum(*(np.bincount(side.labels, minlength=real.classes) for side in (real, synthetic)))
    of_real, of_synthetic = (side.select(first_rows(side.labels, counts)) for side in (real, synthetic))
    return of_real, of_synthetic


def generator_quality(real: Judged, synthetic: Judged) -> dict[str, float]:
    """Judge synthetic images by held-out real ones: the figures a training logs at each evaluation point.

    Cheap: 0.1 s of one thread for 500 and 500 images with 256 features.

    Args:
        real: Held-out images that the judge did not train on.
        synthetic: Any number; all count for label fidelity, what `match` takes of both sides for everything else.

    Returns:
        ``frechet_distance``, ``frechet_joint_distance``, ``kernel_distance``, ``precision``, ``recall``, ``density``,
        ``coverage``, ``label_fidelity`` (share of images) and ``lowest_label_fidelity`` (of any class with images).

    Raises:
        LeftOutError: Fewer than 6 images on either side, or of the same classes.
    """
    held_out, matched = match(real, synthetic)
    return {
        "frechet_distance": frechet_distance(held_out.features, matched.features),
        "frechet_joint_distance": frechet_joint_distance(
            held_out.features, held_out.labels, matched.features, matched.labels, real.classes
        ),
        "kernel_distance": kernel_distance(held_out.features, matched.features),
        **asdict(compare_manifolds(held_out.features, matched.features)),
        **fidelity_figures(synthetic),
    }


def fidelity_figures(judged: Judged) -> dict[str, float]:
    """Give ``label_fidelity`` (share of images) and ``lowest_label_fidelity`` (of any class with images)."""
    per_class = label_fidelity(judged.labels, judged.predicted, judged.classes)
    return {
        "label_fidelity": float((judged.predicted == judged.labels).mean()),
        "lowest_label_fidelity": float(np.nanmin(per_class)),
    }
