"""Settings of checkpoints, which change no result."""

from pydantic import PositiveFloat

from augment.core.settings_block import Spec


class CheckpointSpec(Spec):
    """When a training is saved, to be continued where it was killed; no stage is rerun for a change of these.

    Attributes:
        every_s: Seconds between two checkpoints.
    """

    every_s: PositiveFloat = 30.0
