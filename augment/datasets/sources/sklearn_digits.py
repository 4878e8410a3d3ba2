"""scikit-learn's digits."""

from pathlib import Path
from typing import Literal

import numpy as np

from augment.datasets.raw import RawImages, Shape, Source


class SklearnDigitsSource(Source):
    """scikit-learn's digits: 1,797 grey 8×8 images of 10 classes, embedded in the library. Reads no file."""

    kind: Literal["sklearn_digits"]

    @property
    def image_shape(self) -> Shape:
        """Shape of every image."""
        return 1, 8, 8

    def load(self, raw: Path) -> RawImages:  # noqa: ARG002  # all are called alike
        """Read the digits; their 17 grey levels are spread over 0 to 255."""
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None]
        return RawImages(images, digits.target.astype(np.int64), tuple(str(name) for name in digits.target_names))
