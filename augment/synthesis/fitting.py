"""From a spec, of whatever kind, to a trained synthesizer; and back from disk."""

from collections.abc import Callable, Mapping

from augment.core.images import ImageSet, UInt8Array
from augment.runtime.checkpoint import Checkpoint
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress
from augment.synthesis.classical.interpolation import Smote, fit_smote
from augment.synthesis.classical.jitter import Jitter, fit_jitter
from augment.synthesis.classical.mixture import Mixture, fit_mixture
from augment.synthesis.classical.specs import JitterSpec, MixtureSpec, SmoteSpec
from augment.synthesis.gan.build import build_generator
from augment.synthesis.gan.networks import Shape
from augment.synthesis.gan.specs import GanSpec
from augment.synthesis.gan.training import GanTraining
from augment.synthesis.record import Trained, Watcher, long_table
from augment.synthesis.specs import SynthesizerSpec
from augment.synthesis.synthesizer import Synthesizer
from augment.synthesis.training import Run, Training, train
from augment.synthesis.vae.specs import VaeSpec
from augment.synthesis.vae.training import VaeTraining, build_decoder


def fit(
    images: ImageSet,
    spec: SynthesizerSpec,
    seed: int,
    machine: Machine,
    what: str,
    checkpoint: Checkpoint,
    watcher: Watcher,
    on_look: Callable[[int, UInt8Array], None],
) -> Trained:
    """Train a synthesizer of the kind that the spec names.

    Args:
        images: Real images to learn from.
        spec: What to train, and how.
        seed: The project's seed (``seed`` in ``params.yaml``).
        machine: Where to compute.
        what: How the progress bar calls it.
        checkpoint: Where an iterative training is saved and continued; see `train`.
        watcher: Looks at the synthesizer.
        on_look: Called with the number of steps done and each look's grid.

    Raises:
        TrainingError: The training diverged.
        KeyboardInterrupt: SIGINT or SIGTERM came; the checkpoint was saved first.
    """
    training: Training
    match spec:
        case GanSpec():
            training = GanTraining(images, spec, seed, machine)
        case VaeSpec():
            training = VaeTraining(images, spec, seed, machine)
        case MixtureSpec():
            return look_once(fit_mixture(images, spec, seed), machine, watcher, on_look)
        case SmoteSpec():
            return look_once(fit_smote(images, spec), machine, watcher, on_look)
        case JitterSpec():
            return look_once(fit_jitter(images, spec), machine, watcher, on_look)
    progress = Progress(what, spec.steps, quiet=not machine.first, capped=spec.watch.patience > 0)
    return train(Run(training, spec, seed, machine, watcher, on_look), progress, checkpoint)


def look_once(
    synthesizer: Synthesizer, machine: Machine, watcher: Watcher, on_look: Callable[[int, UInt8Array], None]
) -> Trained:
    """Look at a synthesizer that has no steps of training."""
    synthesizer = synthesizer.to(machine.device).eval()
    seen = watcher(synthesizer)
    on_look(0, seen.grid)
    history = long_table([{"step": 0, **seen.figures}])
    return Trained(synthesizer, history, best_step=0, steps=0, rollbacks=0)


def build(spec: SynthesizerSpec, shape: Shape, classes: int, sizes: Mapping[str, int]) -> Synthesizer:
    """Build the untrained synthesizer that a trained one's weights fit into; see `Synthesizer.sizes`."""
    match spec:
        case GanSpec():
            return build_generator(shape, classes, spec)
        case VaeSpec():
            return build_decoder(shape, classes, spec)
        case MixtureSpec():
            return Mixture(shape, classes, **sizes)
        case SmoteSpec():
            return Smote(spec, shape, classes, **sizes)
        case JitterSpec():
            return Jitter(spec, shape, classes, **sizes)
