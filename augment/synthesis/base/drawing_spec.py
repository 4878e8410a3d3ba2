"""Settings of what is drawn from a trained synthesizer."""

from pydantic import PositiveInt

from augment.core.settings_block import Spec


class SynthesisSpec(Spec):
    """What is drawn from a trained synthesizer.

    Attributes:
        per_class: Images drawn of each class; of each cell of class and group, where the synthesizer knows groups and
            another group has images of the class.
    """

    per_class: PositiveInt
