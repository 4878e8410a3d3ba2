"""The list of figures: each is one entry here, and every table, page, CSV and study shows what the list holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from augment.core.errors import ContainerError
from augment.core.images import Float32Array, FloatArray, IntArray
from augment.results import scores
from augment.results.record import Measured, Score
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
        if score.class_name is not None:
            parts.append(f"({score.class_name})")
        return " ".join(parts)


ARM_FIGURES = (
    ArmFigure(
        "accuracy",
        "accuracy %",
        Better.HIGHER,
        "How many of 100 test images are named rightly: mean ± standard deviation over runs, and its 95 % interval.",
        measure=scores.hits,
        over=Over.IMAGES,
    ),
    ArmFigure(
        "val_accuracy",
        "val accuracy %",
        Better.HIGHER,
        "The same on the val images, by which the best arms are chosen; training stops by them, so that it flatters.",
    ),
    ArmFigure(
        "macro_f1",
        "macro-F1 %",
        Better.HIGHER,
        "Right answers and false alarms in one figure, every class counting alike, however rare.",
        measure=scores.macro_f1,
    ),
    ArmFigure(
        "balanced_accuracy",
        "balanced accuracy %",
        Better.HIGHER,
        "Accuracy if every class had equally many test images.",
        measure=scores.balanced_accuracy,
    ),
    ArmFigure(
        "lowest_recall",
        "worst class %",
        Better.HIGHER,
        "How many of 100 images of the class that fares worst are named rightly; the class stands in brackets.",
        measure=scores.recall,
        over=Over.CLASSES,
    ),
    ArmFigure(
        "log_loss",
        "log-loss",
        Better.LOWER,
        "How surprised the classifier is by the true class: errors made with confidence weigh most.",
        scale=1.0,
        digits=3,
        measure=scores.log_loss,
    ),
    ArmFigure(
        "calibration_error",
        "calibration error %",
        Better.LOWER,
        "How far the confidence that it states is from how often it is right.",
        measure=scores.calibration_error,
    ),
)


@dataclass(frozen=True)
class SynthesizerFigure(Figure):
    """A figure of a synthesizer's images.

    Attributes:
        key: Where it stands in ``quality.json``, dots leading into groups; the ends of its interval, if any, stand
            beside it, under the same name with ``_low`` and ``_high``.
        reference: Where the same of real images stands, if anywhere.
    """

    key: str = ""
    reference: str | None = None

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


def _of_both_spaces(
    name: str, title: str, better: Better, meaning: str, key: str, reference: str | None = None, **form: Any
) -> tuple[SynthesizerFigure, ...]:
    """Make the entries of a figure that is measured in pixels and in the judge's features; ``{}`` is the space."""
    return tuple(
        SynthesizerFigure(
            f"{name}_{space}",
            title.format(space),
            better,
            meaning.format(f"Distances are in {space}."),
            key=key.format(space),
            reference=reference and reference.format(space),
            **form,
        )
        for space in ("pixels", "features")
    )


def _against_real(name: str, title: str, better: Better, meaning: str, **form: Any) -> SynthesizerFigure:
    """Make the entry of a figure that real training images have, too."""
    return SynthesizerFigure(name, title, better, meaning, key=name, reference=f"real_reference.{name}", **form)


SYNTHESIZER_FIGURES = (
    SynthesizerFigure(
        "failed_checks",
        "failed checks",
        Better.LOWER,
        "Checks of the gate that the images did not pass; where there are any, no mix takes the images unless told to.",
        scale=1,
        digits=0,
        key="failed_checks",
    ),
    _against_real(
        "label_fidelity",
        "label fidelity %",
        Better.HIGHER,
        "How many of 100 images a judge, trained on the real images, takes for the class they were made for.",
    ),
    _against_real(
        "lowest_label_fidelity",
        "label fidelity of the worst class %",
        Better.HIGHER,
        "The same of the class where it is lowest.",
    ),
    _against_real(
        "frechet_distance",
        "Fréchet distance",
        Better.LOWER,
        "How far the images as a whole are from real ones, in the judge's eyes.",
        scale=1.0,
        digits=2,
    ),
    _against_real(
        "precision",
        "precision",
        Better.HIGHER,
        "Share of the synthetic images that look like some real one.",
        scale=1.0,
        digits=2,
    ),
    _against_real(
        "recall",
        "recall",
        Better.HIGHER,
        "Share of the real images that look like some synthetic one: low where kinds of images are missing.",
        scale=1.0,
        digits=2,
    ),
    _against_real(
        "density",
        "density",
        Better.HIGHER,
        "How crowded with synthetic images the places are where real ones lie; about 1 for real images.",
        scale=1.0,
        digits=2,
    ),
    _against_real(
        "coverage",
        "coverage",
        Better.HIGHER,
        "Share of the real images that have a synthetic one close by.",
        scale=1.0,
        digits=2,
    ),
    SynthesizerFigure(
        "classification_accuracy_score",
        "val accuracy if trained on them %",
        Better.HIGHER,
        "How many of 100 real val images a classifier names rightly that has seen synthetic images only.",
        key="classification_accuracy_score",
    ),
    *_of_both_spaces(
        "near_copies",
        "near copies %, by {}",
        Better.LOWER,
        "Images closer to a training image than nearly all unseen images are; in brackets: expected by chance. {}",
        "memorisation.{}.near_copies",
        "memorisation.{}.expected_near_copies",
    ),
    *_of_both_spaces(
        "pull",
        "pull towards training images, by {}",
        Better.LOWER,
        "How often a synthetic image is closer to the training images than an unseen one: 0.5 is none, 1 copying. {}",
        "memorisation.{}.pull",
        scale=1.0,
        digits=2,
    ),
    *_of_both_spaces(
        "attacker_right",
        "attacker right %, by {}",
        Better.LOWER,
        "How often an attacker who sees only the synthetic images tells a training image from an unseen one; "
        "guessing: 50 %. {}",
        "membership.{}.auc",
    ),
    *_of_both_spaces(
        "attacker_advantage",
        "attacker's advantage, points, by {}",
        Better.LOWER,
        "How much more often a training image is suspected to be one than an unseen image is; 0 gives nothing away. {}",
        "membership.{}.advantage",
    ),
    *_of_both_spaces(
        "attacker_caught",
        "training images caught %, by {}",
        Better.LOWER,
        "Training images that the attacker finds while suspecting only 1 % of the unseen ones. {}",
        "membership.{}.caught",
    ),
)
