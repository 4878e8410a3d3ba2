"""The arms of a comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

from augment.core.cells import Cells
from augment.core.errors import DataError
from augment.core.images import FloatArray, IntArray
from augment.evaluation.predictions import Predictions
from augment.results.kinds import ArmKind

DECIMALS = 9
"""Means of the same accuracies in another order differ by less."""


@dataclass(frozen=True)
class Arm:
    """One way of training the classifier, and what came of it.

    Attributes:
        train_set: Name of the training set.
        recipe: Name of the recipe.
        kind: What is in it.
        val_accuracy: Accuracy of each run on val, shape (R,).
        predictions: On test; only reported.
        train_counts: Training images of each class, real and synthetic together, shape (K,).
        synthesizer: Whose synthetic images its training set is for, if any's; it may have taken none of them.
        cut_off: Runs that reached their last step before val had stopped improving.
        val_endpoint: What val says of each run by the verdict's endpoint, shape (R,); None where that is accuracy.
        train_cells: Training images of each cell, real and synthetic together; None without groups.
        generators: How many generators drew the synthetic images: one, or one a run.
    """

    train_set: str
    recipe: str
    kind: ArmKind
    val_accuracy: FloatArray
    predictions: Predictions
    train_counts: IntArray
    synthesizer: str | None = None
    cut_off: int = 0
    val_endpoint: FloatArray | None = None
    train_cells: Cells | None = None
    generators: int = 1

    @property
    def name(self) -> str:
        """Training set and recipe, e.g. ``real/plain``."""
        return f"{self.train_set}/{self.recipe}"

    @property
    def val_score(self) -> float:
        """Mean over runs of what val says; arms are chosen by it."""
        return float((self.val_accuracy if self.val_endpoint is None else self.val_endpoint).mean())


def best_by_val(arms: Sequence[Arm], recipe: str | None = None) -> Arm:
    """Choose the arm that does best on val, on average; of equal ones that of a recipe, else the first named."""
    return max(arms, key=lambda arm: (round(arm.val_score, DECIMALS), arm.recipe == recipe))


def require_paired(arms: Sequence[Arm]) -> None:
    """Stop where arms cannot be compared run by run and image by image.

    Raises:
        DataError: Two arms differ in their number of runs, or in their test images.
    """
    first = arms[0]
    for arm in arms[1:]:
        runs, expected = len(arm.predictions.probabilities), len(first.predictions.probabilities)
        if runs != expected:
            raise DataError(f"arm {arm.name}: expected {expected} runs, as {first.name} has, found {runs}")
        if arm.predictions.truth != first.predictions.truth:
            raise DataError(f"arm {arm.name}: its test images are not those of {first.name}; evaluate both again")
