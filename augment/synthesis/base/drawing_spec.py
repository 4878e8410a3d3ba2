"""Settings of what is drawn from a trained synthesizer."""

from pydantic import PositiveInt

from augment.core.settings_block import Spec


class SynthesisSpec(Spec):
    """What is drawn from a trained synthesizer.

    Attributes:
        per_class: Images drawn of each class.
    """

    per_class: PositiveInt
