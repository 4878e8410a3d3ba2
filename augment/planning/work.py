"""What a stage has to do: so many units of work of such a kind.

A stage's file reads, calls pure functions, writes; which of the costly ones it calls says what it costs. Nothing here
knows a stage by its name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from augment.classifier import judging, prediction, training, trials
from augment.classifier.specs import ClassifierSpec, RecipeSpec
from augment.planning.facts import Facts
from augment.planning.meter import Meter
from augment.planning.planned import Planned
from augment.quality import assessment
from augment.settings import DatasetSpec, Settings
from augment.synthesis import fitting, sampling
from augment.synthesis.gan.specs import GanSpec
from augment.synthesis.sampling import BATCH, SETTLING_BATCHES
from augment.synthesis.vae.specs import VaeSpec
from augment.synthesis.validation import MOST_IMAGES

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
    """

    what: str
    key: str
    count: float
    likely: float
    each_s: float

    @property
    def most_s(self) -> float:
        """Seconds at most."""
        return self.count * self.each_s

    @property
    def likely_s(self) -> float:
        """Seconds, about."""
        return self.likely * self.each_s


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

    def key(self, rest: str) -> str:
        """Name a setting of the dataset."""
        return f"datasets.{self.stage.dataset}.{rest}"


def efforts(task: Task) -> list[Effort]:
    """List the costly parts of a stage."""
    return [effort for function, work in WORK.items() if task.stage.calls(function) for effort in work(task)]


def _trainings(task: Task, number: int, spec: ClassifierSpec, recipe: RecipeSpec, what: str, key: str) -> list[Effort]:
    """Trainings of a classifier that stop by themselves, with what each looks at on val."""
    usual = task.usual or PATIENCES * spec.patience * spec.eval_every
    count, likely = number * spec.max_steps, number * min(spec.max_steps, usual)
    each = task.meter.classifier_step_s(task.known, spec, recipe)
    each += task.known.val / spec.eval_every * task.meter.judged_image_s(task.known, spec)
    return [Effort(what, key, count, likely, each)]


def _judge(task: Task) -> list[Effort]:
    return _trainings(task, 1, judging.SPEC, judging.RECIPE, "steps of the judge", "")


def _classifiers(task: Task) -> list[Effort]:
    recipe = task.settings.arms.recipes[task.stage.options["recipe"]]
    key = task.key("classifier.max_steps")
    return _trainings(task, task.settings.seeds, task.dataset.classifier, recipe, "steps of classifiers", key)


def _trials(task: Task) -> list[Effort]:
    mix = task.stage.options["mix"]
    auto = task.settings.auto_mixes[mix]
    recipe = task.settings.arms.recipes[auto.recipe]
    number, key = auto.runs * len(auto.shares), f"auto_mixes.{mix}.shares"
    return _trainings(task, number, task.dataset.classifier, recipe, "steps of classifiers", key)


def _fitting(task: Task) -> list[Effort]:
    name = task.stage.options["synthesizer"]
    spec, known, meter = task.dataset.synthesizers[name], task.known, task.meter
    if not isinstance(spec, GanSpec | VaeSpec):
        images = int(known.train.sum())
        return [Effort("images to fit to", "", images, images, meter.fitted_image_s(known, spec))]
    seen = min(known.val, MOST_IMAGES)
    looks, drawn = spec.watch.looks, BATCH * SETTLING_BATCHES + seen
    look_s = drawn * meter.drawn_image_s(known, spec) + seen * meter.judged_image_s(known, judging.SPEC)
    step_s = meter.synthesizer_step_s(known, spec)
    return [
        Effort(f"steps of {name}", task.key(f"synthesizers.{name}.steps"), spec.steps, spec.steps, step_s),
        Effort(f"looks at {name}", task.key(f"synthesizers.{name}.watch.looks"), looks, looks, look_s),
    ]


def _drawing(task: Task) -> list[Effort]:
    spec = task.dataset.synthesizers[task.stage.options["synthesizer"]]
    count = task.dataset.synthesis.per_class * task.known.classes
    each_s = task.meter.drawn_image_s(task.known, spec)
    return [Effort("images to draw", task.key("synthesis.per_class"), count, count, each_s)]


def _assessing(task: Task) -> list[Effort]:
    known, drawn = task.known, task.dataset.synthesis.per_class * task.known.classes
    train = int(known.train.sum())
    images, pairs = train + known.val + drawn, (drawn + known.val) * train
    return [
        Effort("images to judge", "", images, images, task.meter.judged_image_s(known, judging.SPEC)),
        Effort("distances", task.key("synthesis.per_class"), pairs, pairs, task.meter.distance_s(known)),
    ]


def _predicting(task: Task) -> list[Effort]:
    arms = len(task.settings.arms.train_sets) * len(task.settings.arms.recipes)
    count = arms * task.settings.seeds * task.known.test
    each_s = task.meter.judged_image_s(task.known, task.dataset.classifier)
    return [Effort("test images to classify", "seeds", count, count, each_s)]


WORK: Mapping[object, Callable[[Task], list[Effort]]] = {
    judging.train_judge: _judge,
    training.train_classifier: _classifiers,
    trials.hits_on_val: _trials,
    fitting.fit: _fitting,
    sampling.sample_batches: _drawing,
    assessment.assess_generator: _assessing,
    prediction.predict_probabilities: _predicting,
}
"""A costly function → what a stage that calls it does."""
