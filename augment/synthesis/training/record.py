"""What is remembered of a training: losses, evaluation points, the best synthesizer."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from augment.core.images import UInt8Array
from augment.synthesis.base.iterative_spec import MonitorSpec
from augment.synthesis.base.synthesizer import Synthesizer


@dataclass(frozen=True)
class EvaluationPoint:
    """What the synthesizer was found to be after so many steps.

    Attributes:
        figures: Name → value, e.g. ``frechet_joint_distance``.
        grid: Samples to be shown, uint8 N×C×H×W, always of the same noise and labels.
    """

    figures: dict[str, float]
    grid: UInt8Array


Monitor = Callable[[Synthesizer], EvaluationPoint]
"""Evaluates a synthesizer that is ready to sample from; gives the same for the same weights."""


@dataclass
class Record:
    """The course of a training so far; plain JSON values.

    Attributes:
        done: Steps made.
        rows: Mean figures, each over the steps since the row before.
        points: Figures of each evaluation point.
        best_step: Steps after which the best synthesizer was reached; -1 before the first evaluation point.
        rollbacks: Returns to the last good state.
    """

    done: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)
    points: list[dict[str, float]] = field(default_factory=list)
    best_step: int = -1
    rollbacks: int = 0

    def improves(self, spec: MonitorSpec) -> bool:
        """Tell whether the last evaluation point is the best so far."""
        if spec.choose_by == "last":
            return True
        values = [point[spec.choose_by] for point in self.points]
        return values[-1] == min(values)

    def stale_points(self) -> int:
        """Count the evaluation points since the best one."""
        return sum(point["step"] > self.best_step for point in self.points)


@dataclass(frozen=True)
class TrainedSynthesizer:
    """A trained synthesizer and the course of its training.

    Attributes:
        synthesizer: The best one, ready to sample from.
        history: One row a figure and point of time: ``step``, ``figure``, ``value``; the training's own figures (means
            since the point before) and the monitor's.
        best_step: Steps after which ``synthesizer`` was reached.
        steps: Steps made.
        rollbacks: Returns to an earlier state after divergence.
    """

    synthesizer: Synthesizer
    history: pd.DataFrame
    best_step: int
    steps: int
    rollbacks: int

    def course(self) -> dict[str, int]:
        """Give the counts, to be kept with the synthesizer."""
        return {"best_step": self.best_step, "steps": self.steps, "rollbacks": self.rollbacks}


def long_table(points: list[dict[str, float]]) -> pd.DataFrame:
    """Turn points, each a ``step`` and figures, into rows of ``step``, ``figure``, ``value``."""
    rows = [(point["step"], name, value) for point in points for name, value in point.items() if name != "step"]
    return pd.DataFrame(rows, columns=["step", "figure", "value"])
