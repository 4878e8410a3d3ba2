"""What a stage has to do: so many units of work of such a kind."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from augment.assessment.sampling import affordable
from augment.classifier import judging
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec, is_frozen
from augment.classifier.unlabelled_spec import SelfTraining
from augment.planning.facts import Facts
from augment.planning.meter import Meter
from augment.planning.planned import Planned
from augment.settings import DatasetSpec, Settings
from augment.synthesis.base.iterative_spec import IterativeSpec
from augment.synthesis.base.sampling import BATCH, SETTLING_BATCHES
from augment.synthesis.training.monitoring import MOST_IMAGES

PATIENCES = 2.5
"""A training that stops by itself does so after so many times its patience: 80 classifiers of the digits made 504 steps
each, on average, at a patience of 8 × 25."""


@dataclass(frozen=True)
class Effort:
    """A part of a stage's work.

    Attributes:
        what: In the plural, e.g. ``steps``.
        key: The setting that says how many; empty where none does.
        count: So many at most.
        likely: So many, if trainings stop as usual.
        each_s: Seconds each.
        parts: Of so many equal parts, which several processes share.
    """

    what: str
    key: str
    count: float
    likely: float
    each_s: float
    parts: int = 1

    def shared(self, processes: int) -> float:
        """Give the share of its time that it takes with so many processes."""
        return math.ceil(self.parts / processes) / self.parts


@dataclass(frozen=True)
class Task:
    """A stage of one dataset, and what is needed to see what it costs.

    Attributes:
        stage: The stage.
        settings: All settings.
        known: The dataset in numbers.
        meter: Measures.
        usual: Steps of a training that stops by itself, as earlier runs of such a stage had them; None at the first.
    """

    stage: Planned
    settings: Settings
    known: Facts
    meter: Meter
    usual: float | None

    @property
    def dataset(self) -> DatasetSpec:
        """The dataset's settings."""
        return self.settings.datasets[self.stage.dataset]

    @property
    def drawn(self) -> int:
        """Images that a synthesizer draws."""
        return self.dataset.synthesis.per_class * self.known.classes * self.generators

    @property
    def generators(self) -> int:
        """How many are trained of the stage's synthesizer."""
        return self.dataset.synthesizers[self.stage.options["synthesizer"]].generators

    @property
    def judge(self) -> ClassifierSpec:
        """What the judge is, and how it is trained."""
        return judging.budget(int(self.known.train.sum()), self.known.val)

    def key(self, rest: str) -> str:
        """Name a setting of the dataset."""
        return f"datasets.{self.stage.dataset}.{rest}"


def efforts(task: Task) -> list[Effort]:
    """List the costly parts of a stage."""
    work = WORK.get(task.stage.command)
    return work(task) if work else []


def _trainings(
    task: Task, number: int, spec: ClassifierSpec, recipe: RecipeSpec, what: str, key: str, parts: int = 1
) -> list[Effort]:
    """Trainings of a classifier that stop by themselves, with what each looks at on val."""
    usual = task.usual or PATIENCES * spec.patience * spec.eval_every
    count, likely = number * spec.max_steps, number * min(spec.max_steps, usual)
    each = task.meter.classifier_step_s(task.known, spec, recipe)
    seen_s = task.meter.judged_image_s(task.known, spec)
    if spec.pretrained and is_frozen(spec):
        train = int(task.known.train.sum())
        drawn = number * spec.pretrained.views * train if recipe.changes_images else train
        images = drawn + task.known.val
        return [
            Effort("images through a frozen network", task.key("classifier.pretrained"), images, images, seen_s),
            Effort(what, key, count, likely, each),
        ]
    return [Effort(what, key, count, likely, each + task.known.val / spec.eval_every * seen_s, parts)]


def _judge(task: Task) -> list[Effort]:
    return _trainings(task, 1, task.judge, judging.RECIPE, "steps of the judge", "")


def _classifiers(task: Task) -> list[Effort]:
    recipe = task.settings.arms.recipes[task.stage.options["recipe"]]
    key = task.key("classifier.max_steps")
    seeds = task.settings.seeds
    each = 2 if isinstance(recipe.unlabelled, SelfTraining) else 1
    return _trainings(task, seeds * each, task.dataset.classifier, recipe, "steps of classifiers", key, seeds)


def _trials(task: Task) -> list[Effort]:
    mix = task.stage.options["mix"]
    auto = task.settings.auto_mixes[mix]
    recipe = task.settings.arms.recipes[auto.recipe]
    number, key = auto.runs * len(auto.shares), f"auto_mixes.{mix}.shares"
    return _trainings(task, number, task.dataset.classifier, recipe, "steps of classifiers", key, auto.runs)


def _fitting(task: Task) -> list[Effort]:
    name = task.stage.options["synthesizer"]
    spec, known, meter = task.dataset.synthesizers[name], task.known, task.meter
    if not isinstance(spec, IterativeSpec):
        images = int(known.train.sum()) * task.generators
        return [Effort("images to fit to", "", images, images, meter.fitted_image_s(known, spec))]
    seen, key, parts = min(known.val, MOST_IMAGES), task.key(f"synthesizers.{name}"), task.generators
    steps, points = spec.steps * parts, spec.monitor.points * parts
    point_s = (BATCH * SETTLING_BATCHES + seen) * meter.drawn_image_s(known, spec)
    point_s += seen * meter.judged_image_s(known, task.judge)
    return [
        Effort(f"steps of {name}", f"{key}.steps", steps, steps, meter.synthesizer_step_s(known, spec), parts),
        Effort(f"evaluation points of {name}", f"{key}.monitor.points", points, points, point_s, parts),
    ]


def _drawing(task: Task) -> list[Effort]:
    spec = task.dataset.synthesizers[task.stage.options["synthesizer"]]
    each_s = task.meter.drawn_image_s(task.known, spec)
    return [Effort("images to draw", task.key("synthesis.per_class"), task.drawn, task.drawn, each_s)]


def _assessing(task: Task) -> list[Effort]:
    known, train, others = task.known, int(task.known.train.sum()), task.drawn + task.known.val
    images, pairs = train + others, others * affordable(train, others, math.prod(known.shape))
    return [
        *_judge(task),
        Effort("images to judge", "", images, images, task.meter.judged_image_s(known, task.judge)),
        Effort("distances", task.key("synthesis.per_class"), pairs, pairs, task.meter.distance_s(known)),
    ]


def _predicting(task: Task) -> list[Effort]:
    arms = len(task.settings.arms.train_sets) * len(task.settings.arms.recipes)
    count = (1 if is_frozen(task.dataset.classifier) else arms * task.settings.seeds) * task.known.test
    each_s = task.meter.judged_image_s(task.known, task.dataset.classifier)
    return [Effort("test images to classify", "seeds", count, count, each_s)]


WORK: Mapping[str, Callable[[Task], list[Effort]]] = {
    "train-judge": _judge,
    "train-classifier": _classifiers,
    "merge-auto": _trials,
    "train-synthesizer": _fitting,
    "synthesize": _drawing,
    "assess": _assessing,
    "evaluate": _predicting,
}
"""Of the stages that compute for long: what they do."""
