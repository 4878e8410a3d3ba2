"""What is remembered of a training: losses, looks, the best synthesizer."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from augment.core.images import UInt8Array
from augment.synthesis.synthesizer import Synthesizer
from augment.synthesis.watching import WatchSpec


@dataclass(frozen=True)
class Look:
    """What a look at the synthesizer saw.

    Attributes:
        figures: Name → value, e.g. ``frechet_joint_distance``.
        grid: Samples to be shown, uint8 N×C×H×W, always of the same noise and labels.
    """

    figures: dict[str, float]
    grid: UInt8Array


Watcher = Callable[[Synthesizer], Look]
"""Looks at a synthesizer that is ready to sample from; gives the same for the same weights."""


@dataclass
class Record:
    """The course of a training so far; plain JSON values.

    Attributes:
        done: Steps made.
        rows: Mean figures, each over the steps since the row before.
        looks: Figures of each look.
        best_step: Steps after which the best synthesizer was reached; -1 before the first look.
        rollbacks: Returns to the last good state.
    """

    done: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)
    looks: list[dict[str, float]] = field(default_factory=list)
    best_step: int = -1
    rollbacks: int = 0

    def improves(self, watch: WatchSpec) -> bool:
        """Tell whether the last look is the best so far."""
        if watch.choose_by == "last":
            return True
        values = [look[watch.choose_by] for look in self.looks]
        return values[-1] == min(values)

    def stale_looks(self) -> int:
        """Count the looks since the best one."""
        return sum(look["step"] > self.best_step for look in self.looks)


@dataclass(frozen=True)
class Trained:
    """A trained synthesizer and the course of its training.

    Attributes:
        synthesizer: The best one, ready to sample from.
        history: One row a figure and point of time: ``step``, ``figure``, ``value``; the training's own figures (means
            since the point before) and the watcher's.
        best_step: Steps after which ``synthesizer`` was reached.
        steps: Steps made.
        rollbacks: Returns to an earlier state after divergence.
    """

    synthesizer: Synthesizer
    history: pd.DataFrame
    best_step: int
    steps: int
    rollbacks: int


def long_table(points: list[dict[str, float]]) -> pd.DataFrame:
    """Turn points, each a ``step`` and figures, into rows of ``step``, ``figure``, ``value``."""
    rows = [(point["step"], name, value) for point in points for name, value in point.items() if name != "step"]
    return pd.DataFrame(rows, columns=["step", "figure", "value"])
