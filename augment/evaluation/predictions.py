"""What an arm's classifiers say of the test images, and what the test images truly are."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from pydantic import NonNegativeInt, model_validator

from augment.core.cells import GROUP
from augment.core.errors import ContainerError
from augment.core.images import Float32Array, FloatArray, ImageSet, IntArray
from augment.core.records import Record


class GroundTruth(Record):
    """What the test images of a dataset are, written once for all of its arms.

    Attributes:
        classes: K class names.
        labels: Class index of each image.
        groups: Name of each image's group; None where the test images have no groups.
    """

    classes: tuple[str, ...]
    labels: tuple[NonNegativeInt, ...]
    groups: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.labels and max(self.labels) >= len(self.classes):
            raise ValueError(f"labels: expected 0 to {len(self.classes) - 1}, found {max(self.labels)}")
        if self.groups is not None and len(self.groups) != len(self.labels):
            raise ValueError(f"groups: expected one an image ({len(self.labels)}), found {len(self.groups)}")
        return self

    @classmethod
    def of(cls, images: ImageSet) -> Self:
        """Take it from the manifest."""
        groups = tuple(images.manifest[GROUP].astype(str)) if GROUP in images.manifest else None
        return cls(classes=images.classes, labels=tuple(images.labels.tolist()), groups=groups)

    def group_numbers(self) -> IntArray | None:
        """Number the groups: that of each image, shape (N,), from 0; None where the test images have none."""
        if self.groups is None:
            return None
        return np.unique(np.asarray(self.groups), return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class Predictions:
    """What an arm's classifiers say of every test image.

    Attributes:
        truth: What the images are.
        probabilities: float32, R×N×K: run, image, class.
    """

    truth: GroundTruth
    probabilities: Float32Array

    def to_frame(self) -> pd.DataFrame:
        """Lay out as a table.

        Returns:
            R·N rows, run by run: ``run``, ``image`` (its place in the test split) and the probability of each class,
            ``p_0``, ``p_1``, … by its index: a name may be any text.
        """
        runs, images, classes = self.probabilities.shape
        index = {"run": np.repeat(np.arange(runs), images), "image": np.tile(np.arange(images), runs)}
        return pd.DataFrame(index | {f"p_{k}": self.probabilities[:, :, k].ravel() for k in range(classes)})

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, truth: GroundTruth, where: str) -> Self:
        """Read the table that `to_frame` lays out.

        Raises:
            ContainerError: It is another table, or not of these images; ``where`` names the place.
        """
        images, classes = len(truth.labels), len(truth.classes)
        columns = [f"p_{k}" for k in range(classes)]
        if list(frame.columns) != ["run", "image", *columns]:
            expected = f"run, image and p_0 to p_{classes - 1}, one a class"
            raise ContainerError(f"{where}: expected columns {expected}, found {list(frame.columns)}")
        runs = frame["run"].nunique()
        whole = runs > 0 and len(frame) == runs * images
        if not whole or (frame["image"].to_numpy().reshape(runs, images) != np.arange(images)).any():
            raise ContainerError(
                f"{where}: expected {images} rows a run, one a test image, found {len(frame)} rows for {runs} runs"
            )
        return cls(truth, frame[columns].to_numpy(dtype=np.float32).reshape(runs, images, classes))

    @cached_property
    def labels(self) -> IntArray:
        """True class indices, shape (N,)."""
        return np.asarray(self.truth.labels, dtype=np.int64)

    @property
    def classes(self) -> tuple[str, ...]:
        """K class names."""
        return self.truth.classes

    @property
    def predicted(self) -> IntArray:
        """Most probable class of each image in each run, R×N."""
        return self.probabilities.argmax(axis=2).astype(np.int64)

    @property
    def ensembled(self) -> IntArray:
        """Most probable class of each image by the mean over runs, shape (N,)."""
        return self.probabilities.mean(axis=0).argmax(axis=1).astype(np.int64)

    @property
    def hits(self) -> FloatArray:
        """1 where a run predicts an image's label, 0 elsewhere, R×N."""
        return (self.predicted == self.labels).astype(np.float64)

    def accuracy(self) -> FloatArray:
        """Accuracy of each run, shape (R,), 0 to 1."""
        return self.hits.mean(axis=1)

    def confusion(self) -> pd.DataFrame:
        """Give actual and ensembled predicted class name of each image, as `dvc plots` wants them."""
        names = np.asarray(self.classes, dtype=object)
        return pd.DataFrame({"actual": names[self.labels], "predicted": names[self.ensembled]})
