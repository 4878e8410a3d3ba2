"""Settings that every synthesizer has that is trained step by step."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from augment.core.pseudo_labels import Threshold
from augment.core.settings_block import Spec
from augment.synthesis.base.methods import SynthesizerSpec

Decay = Annotated[float, Field(ge=0.0, lt=1.0)]


class MonitorSpec(Spec):
    """How the averaged synthesizer is compared with val while it trains, in the judge's features.

    Attributes:
        points: Evaluation points over the whole training, evenly spaced, the last at its end.
        choose_by: Figure by which the best point is kept, the lowest: ``frechet_joint_distance`` sees quality,
            diversity and wrong labels in one; ``frechet_distance`` is blind to labels; ``last`` keeps the end of the
            training.
        patience: Evaluation points without improvement after which training ends early; 0 goes on to the end.
    """

    RENAMED: ClassVar[dict[str, str]] = {"looks": "points"}

    points: PositiveInt = 10
    choose_by: Literal["frechet_joint_distance", "frechet_distance", "last"] = "frechet_joint_distance"
    patience: NonNegativeInt = 0


class IterativeSpec(SynthesizerSpec):
    """What is the same of a synthesizer trained step by step, whatever its kind.

    Attributes:
        steps: Training steps: updates of the synthesizer.
        batch_size: Real images a step.
        ema: Upper bound of the decay of the averaged weights.
        rollbacks: How often a diverged training may return to its last good state, each time at half the rate.
        devices: GPUs, or processes on the CPU, that share each batch; another number gives other last digits.
        monitor: Evaluation while training, choice of the best point, early stop.
    """

    RENAMED: ClassVar[dict[str, str]] = {"watch": "monitor"}

    steps: PositiveInt
    batch_size: PositiveInt = 32
    ema: Decay = 0.999
    rollbacks: NonNegativeInt = 3
    devices: PositiveInt = 1
    monitor: MonitorSpec = MonitorSpec()

    @model_validator(mode="after")
    def _shared_evenly(self) -> Self:
        if self.batch_size % self.devices:
            raise ValueError(f"batch_size: expected a multiple of devices ({self.devices}), found {self.batch_size}")
        if self.devices > 1 and self.generators > 1:
            raise ValueError("generators: several are trained in one process each; expected devices: 1")
        return self


class PoolSpec(Spec):
    """Images without labels as further training images.

    Attributes:
        threshold: Probability, as val says what the judge's are worth, from which on its label of an image is believed.
    """

    threshold: Threshold = 0.9


class PooledSpec(IterativeSpec):
    """What is the same of a synthesizer that may learn from images without labels.

    Attributes:
        pool: Whether, and how, it also learns from images without labels, labelled by the judge (as the second step of
            DPT does, [2302.10586](https://arxiv.org/abs/2302.10586)).
    """

    pool: Annotated[PoolSpec | None, Field(exclude_if=lambda block: block is None)] = None
