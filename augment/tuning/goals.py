"""What settings are judged by: val alone, through the same functions that the stages call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.training import train_classifier
from augment.core.endpoints import Endpoint
from augment.core.generators import for_run
from augment.core.images import ImageSet
from augment.core.seeding import derive_seed
from augment.core.settings_block import Spec
from augment.judge.judge import Judge
from augment.merging.files import Drawn
from augment.merging.merge import merge
from augment.merging.mix_spec import MixSpec
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.training.checkpoint import Checkpoint
from augment.synthesis.training.fitting import fit
from augment.synthesis.training.monitoring import make_monitor
from augment.synthesis.training.record import EvaluationPoint

DISTANCE, FIDELITY = "frechet_joint_distance", "label_fidelity"
RUNS = 2
"""Classifiers of each recipe or mix that is tried."""

Report = Callable[[int, float], None]
"""Told of every evaluation point: its number, and the best value so far. Raises to end the trial there."""


class Goal(Protocol):
    """One search.

    Attributes:
        figure: What the value is called.
        lowest: Whether the lowest is best.
        starts: Name → settings that there are; tried first. All others are changes of the first.
        floor: What a trial's other figure must reach to be taken; None asks for nothing.
    """

    @property
    def figure(self) -> str: ...  # noqa: D102

    @property
    def lowest(self) -> bool: ...  # noqa: D102

    @property
    def starts(self) -> Mapping[str, Spec]: ...  # noqa: D102

    @property
    def floor(self) -> float | None: ...  # noqa: D102

    def value(self, spec: Any, report: Report) -> tuple[float, float | None]:
        """Judge settings: the value, and the other figure where there is one."""


@dataclass
class SynthesizerGoal:
    """The distance between samples and val in the eyes of the judge; label fidelity must reach the gate's.

    Attributes:
        real: What is learned from.
        val: What samples are compared with.
        judge: In whose eyes.
    """

    starts: Mapping[str, SynthesizerSpec]
    floor: float | None
    real: ImageSet
    val: ImageSet
    judge: Judge
    seed: int
    machine: Machine
    figure: str = DISTANCE
    lowest: bool = True

    def value(self, spec: SynthesizerSpec, report: Report) -> tuple[float, float | None]:
        """Train a synthesizer, and give distance and label fidelity of its best evaluation point."""
        seed = derive_seed(self.seed, "tuning", "synthesizer")
        monitor, points = make_monitor(self.val, self.judge, seed, self.machine), list[dict[str, float]]()

        def watched(synthesizer: Synthesizer) -> EvaluationPoint:
            point = monitor(synthesizer)
            points.append(point.figures)
            report(len(points), min(each[DISTANCE] for each in points))
            return point

        kept = Checkpoint(None, {})
        fit(self.real, spec, seed, self.machine, "tune synthesizer", kept, watched, lambda *_: None)
        best = min(points, key=lambda each: each[DISTANCE])
        return best[DISTANCE], best[FIDELITY]


class _WatchedProgress(Progress):
    """Hands every evaluation of a classifier's training on."""

    def __init__(self, what: str, total: int, figure: str, report: Report) -> None:
        super().__init__(what, total, capped=True)
        self._figure, self._report, self._seen = figure, report, list[float]()

    def show(self, **values: float) -> None:
        super().show(**values)
        self._seen.append(values[self._figure])
        self._report(len(self._seen), max(self._seen))


def _told_from(place: int, report: Report, point: int, best: float) -> None:
    report(place + point, best)


@dataclass
class _ClassifierGoal:
    """What val says of classifiers by the verdict's endpoint, a mean over `RUNS`."""

    val: ImageSet
    classifier: ClassifierSpec
    endpoint: Endpoint
    seed: int
    machine: Machine
    floor: float | None = field(default=None, init=False)
    lowest: bool = field(default=False, init=False)

    @property
    def figure(self) -> str:
        return f"val_{self.endpoint}"

    def trained(self, what: str, train: ImageSet, recipe: RecipeSpec, report: Report) -> tuple[float, None]:
        found = []
        # Of another seed than the arms' runs: what was lucky here is to be as lucky as any there.
        seed = derive_seed(self.seed, "tuning", "classifier")
        for run in range(RUNS):
            # Trials are compared at their first run's points; later runs only heed the clock.
            place = run * self.classifier.max_steps
            progress = _WatchedProgress(
                f"tune {what} run {run + 1} of {RUNS}",
                self.classifier.max_steps,
                self.figure,
                partial(_told_from, place, report),
            )
            own = for_run(train, run)
            one = train_classifier(
                own, self.val, self.classifier, recipe, seed, run, self.machine, progress, self.endpoint
            )
            found.append(one.val_accuracy if one.val_endpoint is None else one.val_endpoint)
        return sum(found) / len(found), None


@dataclass
class RecipeGoal(_ClassifierGoal):
    """How well classifiers do that are trained on real images by a recipe."""

    starts: Mapping[str, RecipeSpec]
    real: ImageSet

    def value(self, spec: RecipeSpec, report: Report) -> tuple[float, None]:
        """Train classifiers, and give what val says of them."""
        return self.trained("recipe", self.real, spec, report)


@dataclass
class MixGoal(_ClassifierGoal):
    """How well classifiers do that are trained on a mix, by the first recipe."""

    starts: Mapping[str, MixSpec]
    real: ImageSet
    drawn: Drawn
    recipe: RecipeSpec

    def value(self, spec: MixSpec, report: Report) -> tuple[float, None]:
        """Merge, train classifiers, and give what val says of them."""
        return self.trained("mix", merge(self.real, *self.drawn, spec).images(), self.recipe, report)
