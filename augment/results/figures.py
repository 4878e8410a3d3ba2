"""What a figure is, and how it is written; `arm_figures` and `synthesizer_figures` list them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from augment.core.errors import ContainerError
from augment.core.images import Float32Array, FloatArray, IntArray
from augment.results.record import Score
from augment.results.synthesizer_result import Measured
from augment.results.wording import MISSING

Measure = Callable[[IntArray, Float32Array], float | FloatArray]
"""Labels (N,) and one run's probabilities (N×K) → the figure, as `Over` says."""


class Better(Enum):
    """Which way a figure is better; the sign stands in its heading."""

    HIGHER = "↑"
    LOWER = "↓"


class Over(Enum):
    """What a score is measured over, and so what is shown of it."""

    ALL = "all"
    """One number a run: its mean over runs is shown."""
    IMAGES = "images"
    """One number an image, 0 to 1, shape (N,): the mean is shown with its 95 % interval over runs and images."""
    CLASSES = "classes"
    """One number a class, shape (K,), NaN without images: the worst class is shown, by its mean over runs."""


@dataclass(frozen=True)
class Figure:
    """One thing that is measured.

    Attributes:
        name: In files.
        title: In tables.
        better: Which way is better.
        meaning: What it says, in one sentence for a reader who is no statistician.
        scale: What a value is multiplied by to be shown: 100 for percent.
        digits: Decimals to show.
    """

    name: str
    title: str
    better: Better
    meaning: str
    scale: float = 100.0
    digits: int = 1

    @property
    def heading(self) -> str:
        """Title of a column or row, with the way that is better."""
        return f"{self.title} {self.better.value}"

    def number(self, value: float | None) -> str:
        """Write one value."""
        return MISSING if value is None else f"{value * self.scale:.{self.digits}f}"

    def _range(self, low: float, high: float) -> str:
        return f"[{self.number(low)}, {self.number(high)}]"


@dataclass(frozen=True)
class ArmFigure(Figure):
    """A score of an arm.

    Attributes:
        measure: What one run's predictions on test score; None for what is not measured on test.
        over: What ``measure`` gives.
    """

    measure: Measure | None = None
    over: Over = Over.ALL

    def text(self, score: Score | None) -> str:
        """Write a score, e.g. ``92.1 ± 0.7 [89.5, 94.7]``, ``61.8 (cat)`` or ``0.265``."""
        if score is None:
            return MISSING
        parts = [self.number(score.mean)]
        if score.interval:
            parts += [f"± {self.number(score.std)}", self._range(score.interval.low, score.interval.high)]
        if score.class_name is not None and score.mean < 1:  # where all are right, none is the worst
            parts.append(f"({score.class_name})")
        return " ".join(parts)


@dataclass(frozen=True)
class SynthesizerFigure(Figure):
    """A figure of a synthesizer's images.

    Attributes:
        key: Where it stands in ``quality.json``, dots leading into groups; the ends of its interval, if any, stand
            beside it, under the same name with ``_low`` and ``_high``.
        reference: Where the same of real images stands, if anywhere.
        judged: Whether it is the judge's opinion, and worth no more than the judge is.
    """

    key: str = ""
    reference: str | None = None
    judged: bool = False

    def find(self, quality: Mapping[str, Any]) -> Measured:
        """Look it up.

        Raises:
            ContainerError: What stands there is no number.
        """
        low, high = (_found(quality, f"{self.key}_{end}") for end in ("low", "high"))
        of_real = _found(quality, self.reference) if self.reference else None
        return Measured(value=_found(quality, self.key), low=low, high=high, real_reference=of_real)

    def text(self, found: Measured | None) -> str:
        """Write what was measured, e.g. ``4.39 (2.99)``, the figure of real images in brackets."""
        if found is None or found.value is None:
            return MISSING
        parts = [self.number(found.value)]
        if found.low is not None and found.high is not None:
            parts.append(self._range(found.low, found.high))
        if found.real_reference is not None:
            parts.append(f"({self.number(found.real_reference)})")
        return " ".join(parts)


def _found(quality: Mapping[str, Any], key: str) -> float | None:
    value: Any = quality
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is not None and not isinstance(value, int | float):
        raise ContainerError(f"quality.json: {key}: expected a number, found {value!r:.80}")
    return value
