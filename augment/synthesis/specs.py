"""Settings of the synthesizers, told apart by their ``kind``, and of what is drawn from them."""

from typing import Annotated

from pydantic import Field, PositiveInt

from augment.core.specs import Spec
from augment.synthesis.classical.specs import JitterSpec, MixtureSpec, SmoteSpec
from augment.synthesis.gan.specs import GanSpec
from augment.synthesis.vae.specs import VaeSpec

SynthesizerSpec = Annotated[GanSpec | VaeSpec | MixtureSpec | SmoteSpec | JitterSpec, Field(discriminator="kind")]


class SynthesisSpec(Spec):
    """What is drawn from a trained synthesizer.

    Attributes:
        per_class: Images of each class.
    """

    per_class: PositiveInt
