"""What the trainings of an arm came to, as far as it is not in their predictions."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from augment.core.records import ABSENT, Number, Record, read_record
from augment.core.store import read_json


class Trainings(Record):
    """All runs of an arm; their file is among what ``dvc metrics show`` lists.

    Attributes:
        accuracy: Mean accuracy on test, 0 to 1.
        val_accuracy: Accuracy of each run on val, 0 to 1; arms are chosen by it.
        steps: Steps that each run took.
        converged: Number of runs that stopped as val no longer improved, not at their last step.
        train_counts: Training images of each class, real and synthetic together, of the first run: says what is rare.
        synthetic_images: How many of them are synthetic; a mix may have added none.
        generators: How many generators the runs learned from, each from its own; absent where there was one.
        val_endpoint: What val says of each run by the verdict's endpoint, 0 to 1; absent where that is accuracy.
        train_cells: Group → training images of each class, real and synthetic together; absent without groups.
    """

    accuracy: Number
    val_accuracy: tuple[Number, ...]
    steps: tuple[NonNegativeInt, ...]
    converged: NonNegativeInt
    train_counts: tuple[NonNegativeInt, ...]
    synthetic_images: NonNegativeInt
    generators: Annotated[PositiveInt, Field(exclude_if=lambda count: count == 1)] = 1
    val_endpoint: Annotated[tuple[Number, ...] | None, ABSENT] = None
    train_cells: Annotated[dict[str, tuple[NonNegativeInt, ...]] | None, ABSENT] = None

    @property
    def cut_off(self) -> int:
        """Runs that reached their last step before val had stopped improving."""
        return len(self.val_accuracy) - self.converged


class Untrained(Record):
    """What stands in the place of `Trainings` where an arm could not be trained.

    Attributes:
        left_out: Why, a sentence each.
    """

    left_out: Annotated[tuple[str, ...], Field(min_length=1)]


def read_trainings(path: Path) -> Trainings | Untrained:
    """Read what came of an arm.

    Raises:
        ContainerError: It is neither.
    """
    return read_record(Untrained, path) if "left_out" in read_json(path) else read_record(Trainings, path)
