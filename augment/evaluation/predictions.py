"""Predictions of an arm's classifiers on test, and the scores computed from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from augment.core.errors import ContainerError
from augment.core.images import Float32Array, FloatArray, ImageSet, IntArray
from augment.evaluation.scores import SCORES, recall, score

GROUP = "group"
"""Column of a manifest, and of the predictions: a part of the population, e.g. the hospital or the camera."""


@dataclass(frozen=True)
class Predictions:
    """What an arm's classifiers say of every test image.

    Attributes:
        labels: True class indices, shape (N,).
        probabilities: float32, R×N×K: run, example, class.
        classes: K class names.
        groups: Name of each image's group, shape (N,); None where the test images have no groups.
    """

    labels: IntArray
    probabilities: Float32Array
    classes: tuple[str, ...]
    groups: tuple[str, ...] | None = None

    @classmethod
    def of(cls, images: ImageSet, probabilities: Sequence[Float32Array]) -> "Predictions":
        """Put what each run said of test images (N×K each) beside their labels and, if any, groups."""
        groups = tuple(images.manifest[GROUP].astype(str)) if GROUP in images.manifest else None
        return cls(images.labels, np.stack(probabilities), images.classes, groups)

    def to_frame(self) -> pd.DataFrame:
        """Lay out as a table.

        Returns:
            R·N rows, run by run: ``run``, ``example``, ``label``, ``group`` if there are groups, and one column
            ``p(NAME)`` a class.
        """
        runs, examples, _ = self.probabilities.shape
        index = {
            "run": np.repeat(np.arange(runs), examples),
            "example": np.tile(np.arange(examples), runs),
            "label": np.tile(self.labels, runs),
        }
        groups = {} if self.groups is None else {GROUP: pd.array(list(self.groups) * runs, dtype="str")}
        columns = {f"p({name})": self.probabilities[:, :, k].ravel() for k, name in enumerate(self.classes)}
        return pd.DataFrame(index | groups | columns)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, where: str) -> "Predictions":
        """Read the table that `to_frame` lays out.

        Raises:
            ContainerError: Columns are missing, or the runs differ in length; ``where`` names the place.
        """
        columns = [name for name in frame.columns if name.startswith("p(")]
        if not {"run", "example", "label"} <= set(frame.columns) or not columns:
            raise ContainerError(
                f"{where}: expected columns run, example, label and p(CLASS), found {list(frame.columns)}"
            )
        runs = frame["run"].nunique()
        if runs == 0 or len(frame) % runs:
            raise ContainerError(f"{where}: expected equally many rows a run, found {len(frame)} rows for {runs} runs")
        examples = len(frame) // runs
        probabilities = frame[columns].to_numpy(dtype=np.float32).reshape(runs, examples, len(columns))
        labels = frame["label"].to_numpy(dtype=np.int64)[:examples]
        groups = tuple(frame[GROUP].astype(str)[:examples]) if GROUP in frame else None
        return cls(labels, probabilities, tuple(name[2:-1] for name in columns), groups)

    @property
    def predicted(self) -> IntArray:
        """Most probable class of each example in each run, R×N."""
        return self.probabilities.argmax(axis=2).astype(np.int64)

    @property
    def ensembled(self) -> IntArray:
        """Most probable class of each example by the mean over runs, shape (N,)."""
        return self.probabilities.mean(axis=0).argmax(axis=1).astype(np.int64)

    @property
    def hits(self) -> FloatArray:
        """1 where a run predicts an example's label, 0 elsewhere, R×N."""
        return (self.predicted == self.labels).astype(np.float64)

    def scores(self) -> dict[str, FloatArray]:
        """Score each run: name of each of `SCORES` → shape (R,)."""
        runs = [score(self.labels, run) for run in self.probabilities]
        return {name: np.asarray([run[name] for run in runs]) for name in SCORES}

    def accuracy(self) -> FloatArray:
        """Accuracy of each run, shape (R,), 0 to 1."""
        return self.hits.mean(axis=1)

    def recall(self) -> FloatArray:
        """Recall of each class in each run, R×K, 0 to 1."""
        return np.stack([recall(self.labels, run, len(self.classes)) for run in self.predicted])

    def metrics(self) -> dict[str, Any]:
        """Summarise as plain JSON values: mean and standard deviation over runs."""
        recalls = self.recall()
        return {name: mean_std(values) for name, values in self.scores().items()} | {
            "recall": {name: mean_std(recalls[:, k]) for k, name in enumerate(self.classes)},
        }

    def confusion(self) -> pd.DataFrame:
        """Give actual and ensembled predicted class name of each example, as `dvc plots` wants them."""
        names = np.asarray(self.classes, dtype=object)
        return pd.DataFrame({"actual": names[self.labels], "predicted": names[self.ensembled]})


def mean_std(values: FloatArray) -> dict[str, float]:
    """Mean and sample standard deviation (n - 1), rounded to 6 decimals so that files diff well."""
    return {"mean": round(float(values.mean()), 6), "std": round(float(values.std(ddof=1)), 6)}
