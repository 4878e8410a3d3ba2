"""From settings, of whatever kind, to a trained synthesizer."""

from collections.abc import Callable

from augment.core.images import ImageSet, UInt8Array
from augment.core.registry import load
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.synthesis.base.iterative_spec import IterativeSpec
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.synthesizer import Synthesizer
from augment.synthesis.training.checkpoint import Checkpoint
from augment.synthesis.training.loop import TrainingRun, train
from augment.synthesis.training.record import Monitor, TrainedSynthesizer, long_table


def fit(
    images: ImageSet,
    spec: SynthesizerSpec,
    seed: int,
    machine: Machine,
    what: str,
    checkpoint: Checkpoint,
    monitor: Monitor,
    on_point: Callable[[int, UInt8Array], None],
    line: int = 0,
) -> TrainedSynthesizer:
    """Train a synthesizer of the kind that the spec is of.

    Args:
        images: Real images to learn from.
        spec: What to train, and how.
        seed: The project's seed (``seed`` in ``params.yaml``).
        machine: Where to compute.
        what: How the progress bar calls it.
        checkpoint: Where an iterative training is saved and continued; see `train`.
        monitor: Evaluates the synthesizer.
        on_point: Called with the number of steps done and the grid of each evaluation point.
        line: Where the progress bar is, see `Progress`.

    Raises:
        TrainingError: The training diverged.
        KeyboardInterrupt: SIGINT or SIGTERM came; the checkpoint was saved first.
    """
    trainer = load(spec.TRAINER)
    if not isinstance(spec, IterativeSpec):
        return evaluate_once(trainer(images, spec, seed), machine, monitor, on_point)
    progress = Progress(what, spec.steps, quiet=not machine.first, capped=spec.monitor.patience > 0, line=line)
    training = trainer(images, spec, seed, machine)
    return train(TrainingRun(training, spec, seed, machine, monitor, on_point), progress, checkpoint)


def evaluate_once(
    synthesizer: Synthesizer, machine: Machine, monitor: Monitor, on_point: Callable[[int, UInt8Array], None]
) -> TrainedSynthesizer:
    """Evaluate a synthesizer that has no steps of training."""
    synthesizer = synthesizer.to(machine.device).eval()
    seen = monitor(synthesizer)
    on_point(0, seen.grid)
    history = long_table([{"step": 0, **seen.figures}])
    return TrainedSynthesizer(synthesizer, history, best_step=0, steps=0, rollbacks=0)
