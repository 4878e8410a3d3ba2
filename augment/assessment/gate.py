"""Settings of the gate that a generator must pass."""

from typing import Annotated

from pydantic import Field, PositiveInt

from augment.core.settings_block import Spec

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class GateSpec(Spec):
    """Below which figures a generator has failed; 0 switches a check off.

    The defaults tell failed from working, not good from bad: real images in a generator's place pass at 10 images
    a class and more, collapse and wrong labels do not.

    Attributes:
        label_fidelity: Of each class: how far from chance (one in K) towards the judge's own recall on real images.
            A judge that knows 95 % of real images expects 0.53 of ten classes and 0.73 of two; of a class that it
            knows no better than chance it expects nothing.
        coverage: Share of real images with a synthetic one among their neighbours, over all and of each class.
        recall: Share of real images within synthetic neighbourhoods, over all and of each class.
        diversity: Mean distance between two synthetic images of a class over that of two real ones, of each class
            and on average.
        fewest: Images on either side from which on diversity is judged; fewer may look alike by chance.
    """

    label_fidelity: Share = 0.5
    coverage: Share = 0.3
    recall: Share = 0.1
    diversity: Share = 0.4
    fewest: PositiveInt = 10
