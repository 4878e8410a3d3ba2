"""How long the units of work take on this machine: each is begun as a stage begins it, timed, and broken off."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from augment.classifier.building import build_network
from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec, is_frozen
from augment.classifier.memory import MEMORY
from augment.classifier.prediction import predict_probabilities
from augment.classifier.training import train_classifier
from augment.classifier.unlabelled_spec import FixMatch
from augment.planning.facts import Facts, stand_in
from augment.quality.neighbours import nearest
from augment.runtime.machine import Machine, machine
from augment.runtime.progress import Progress
from augment.runtime.runtime_spec import RuntimeSpec
from augment.runtime.stopwatch import Stopwatch, timed
from augment.synthesis.base.files import build
from augment.synthesis.base.iterative_spec import IterativeSpec
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.training.checkpoint import Checkpoint
from augment.synthesis.training.fitting import fit
from augment.synthesis.training.record import EvaluationPoint

LIMIT_S, SHORT_LIMIT_S = 0.4, 0.1
"""Seconds for one measurement, and for one once `BUDGET_S` is spent. A single step may take longer."""

BUDGET_S = 8.0
FEW = 16
"""Images that are drawn or judged to see how long one takes."""

POINTS = 256
"""Images on each side, where distances are timed."""

SEED = 0
NEVER = 2**31
"""Steps of a training that is not to end, and between two evaluations of one that is not evaluated."""

Clock = Callable[[], float]


@dataclass
class Meter:
    """Measures each thing once.

    Attributes:
        runtime: Where to compute.
        spent_s: Seconds that the measuring has taken so far.
    """

    runtime: RuntimeSpec
    spent_s: float = 0.0
    _known: dict[object, float] = field(default_factory=dict)

    def classifier_step_s(self, known: Facts, spec: ClassifierSpec, recipe: RecipeSpec) -> float:
        """Time a training step of a classifier, without what it looks at on val."""
        blind = spec.model_copy(update={"eval_every": NEVER})
        # Below a head that alone is trained, features are computed before the first step: of a few images here.
        few = known if not is_frozen(spec) else replace(known, train=np.zeros_like(known.train))

        def begin(where: Machine) -> None:
            images = stand_in(few)
            train_classifier(images, images, blind, step, SEED, 0, where, Progress("", NEVER), pool=images)

        at_once = recipe.unlabelled if isinstance(recipe.unlabelled, FixMatch) else None
        step = recipe.model_copy(update={"unlabelled": at_once})  # both trainings of a self-training have plain steps
        ratio = at_once.ratio if at_once else 0
        network = ("classifier", known.form, blind.model_dump_json(exclude={"max_steps", "patience"}), ratio)
        if self._known.get(network, 0.0) > LIMIT_S:  # where a step takes that long, recipes make no difference
            return self._known[network]
        self._known[network] = self._step_s((*network, repr(step)), begin)
        return self._known[network]

    def synthesizer_step_s(self, known: Facts, spec: SynthesizerSpec) -> float:
        """Time a training step of a synthesizer that is trained by steps."""
        endless = spec.model_copy(update={"steps": NEVER})
        return self._step_s((known.form, repr(endless)), lambda where: _fit(known, endless, where))

    def fitted_image_s(self, known: Facts, spec: SynthesizerSpec) -> float:
        """Time how long a synthesizer that has no steps takes for each image that it learns from."""
        seconds = self._call_s(("fit", known.form, repr(spec)), lambda where: lambda: _fit(known, spec, where))
        return seconds / len(stand_in(known))

    def drawn_image_s(self, known: Facts, spec: SynthesizerSpec) -> float:
        """Time the drawing of an image."""

        def prepare(where: Machine) -> Callable[[], object]:
            if isinstance(spec, IterativeSpec):
                synthesizer = build(spec, known.shape, known.classes, {}).to(where.device).eval()
            else:
                synthesizer = _fit(known, spec, where)
            labels = torch.arange(FEW, device=where.device) % known.classes
            noise = torch.randn(FEW, synthesizer.latent_dim, device=where.device)

            @torch.no_grad()
            def draw() -> None:
                with where.autocast():
                    synthesizer(noise, labels).cpu()

            return draw

        return self._call_s(("draw", known.form, repr(spec)), prepare) / FEW

    def judged_image_s(self, known: Facts, spec: ClassifierSpec) -> float:
        """Time what a classifier takes to say what an image shows."""

        def prepare(where: Machine) -> Callable[[], object]:
            network = build_network(known.shape, known.classes, spec, SEED, 0).to(where.device).eval()
            images = stand_in(known).images[:FEW]

            def judge() -> None:
                MEMORY.forget()
                predict_probabilities(network, images, where)

            return judge

        return self._call_s(("judge", known.form, repr(spec)), prepare) / FEW

    def distance_s(self, known: Facts) -> float:
        """Time the distance between the pixels of two images."""
        pixels = np.zeros((POINTS, int(np.prod(known.shape))), dtype=np.uint8)
        return self._call_s(("distance", known.shape), lambda _: lambda: nearest(pixels, pixels)) / POINTS**2

    def _step_s(self, key: tuple[object, ...], begin: Callable[[Machine], object]) -> float:
        """Begin a training that shows its progress; give the seconds of a step."""

        def measure(where: Machine, clock: Clock) -> float:
            stopwatch = Stopwatch(LIMIT_S if self.spent_s < BUDGET_S else SHORT_LIMIT_S, clock)
            with timed(stopwatch):
                begin(where)
            return stopwatch.step_s

        return self._once(key, measure)

    def _call_s(self, key: tuple[object, ...], prepare: Callable[[Machine], Callable[[], object]]) -> float:
        """Call something once, and again if that was quick; give the seconds of the last time."""

        def measure(where: Machine, clock: Clock) -> float:
            call, seconds = prepare(where), 0.0
            for _ in range(2):
                began = clock()
                call()
                seconds = clock() - began
                if seconds > LIMIT_S:
                    break
            return seconds

        return self._once(key, measure)

    def _once(self, key: object, measure: Callable[[Machine, Clock], float]) -> float:
        """Measure what is not known. One thread's time is the processor's: another program may be at work."""
        if key not in self._known:
            with machine(self.runtime) as where:
                alone = where.device.type == "cpu" and self.runtime.threads == 1
                clock = time.process_time if alone else time.perf_counter
                began = clock()
                self._known[key] = measure(where, clock)
                self.spent_s += clock() - began
        return self._known[key]


def _fit(known: Facts, spec: SynthesizerSpec, where: Machine) -> Synthesizer:
    """Fit to noise, without evaluation or pictures."""
    point = EvaluationPoint({}, np.zeros((0, *known.shape), dtype=np.uint8))
    kept = Checkpoint(None, {})
    return fit(stand_in(known), spec, SEED, where, "", kept, lambda _: point, lambda *_: None).synthesizer
