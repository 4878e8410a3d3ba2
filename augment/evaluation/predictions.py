"""Predictions of an arm's classifiers on test, and the scores computed from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, recall_score

from augment.core.errors import ContainerError
from augment.core.images import FloatArray, IntArray

Float32Array = npt.NDArray[np.float32]


def to_frame(labels: IntArray, probabilities: Float32Array, classes: Sequence[str]) -> pd.DataFrame:
    """Lay predictions out as a table.

    Args:
        labels: True class indices, shape (N,).
        probabilities: float32, R×N×K: run, example, class.
        classes: K class names.

    Returns:
        R·N rows, run by run: ``run``, ``example``, ``label`` and one column ``p(NAME)`` a class.
    """
    runs, examples, _ = probabilities.shape
    index = {
        "run": np.repeat(np.arange(runs), examples),
        "example": np.tile(np.arange(examples), runs),
        "label": np.tile(labels, runs),
    }
    columns = {f"p({name})": probabilities[:, :, k].ravel() for k, name in enumerate(classes)}
    return pd.DataFrame(index | columns)


@dataclass(frozen=True)
class Predictions:
    """What an arm's classifiers say of every test image.

    Attributes:
        labels: True class indices, shape (N,).
        probabilities: float32, R×N×K: run, example, class.
        classes: K class names.
    """

    labels: IntArray
    probabilities: Float32Array
    classes: tuple[str, ...]

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
        return cls(labels, probabilities, tuple(name[2:-1] for name in columns))

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

    def accuracy(self) -> FloatArray:
        """Accuracy of each run, shape (R,), 0 to 1."""
        return np.asarray([accuracy_score(self.labels, run) for run in self.predicted])

    def macro_f1(self) -> FloatArray:
        """Mean F1 over classes of each run, shape (R,), 0 to 1; a class never predicted counts 0."""
        return np.asarray([f1_score(self.labels, run, average="macro", zero_division=0.0) for run in self.predicted])

    def recall(self) -> FloatArray:
        """Recall of each class in each run, R×K, 0 to 1."""
        every = np.arange(len(self.classes))
        return np.asarray(
            [recall_score(self.labels, run, labels=every, average=None, zero_division=0.0) for run in self.predicted]
        )

    def metrics(self) -> dict[str, Any]:
        """Summarise as plain JSON values: mean and standard deviation over runs."""
        recall = self.recall()
        return {
            "accuracy": mean_std(self.accuracy()),
            "macro_f1": mean_std(self.macro_f1()),
            "recall": {name: mean_std(recall[:, k]) for k, name in enumerate(self.classes)},
        }

    def confusion(self) -> pd.DataFrame:
        """Give actual and ensembled predicted class name of each example, as `dvc plots` wants them."""
        names = np.asarray(self.classes, dtype=object)
        return pd.DataFrame({"actual": names[self.labels], "predicted": names[self.ensembled]})


def mean_std(values: FloatArray) -> dict[str, float]:
    """Mean and sample standard deviation (n - 1), rounded to 6 decimals so that files diff well."""
    return {"mean": round(float(values.mean()), 6), "std": round(float(values.std(ddof=1)), 6)}
