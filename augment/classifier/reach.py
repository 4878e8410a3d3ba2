"""How far a transform goes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """How far images are changed; every range is symmetric and drawn from uniformly.

    Attributes:
        rotation: Radians either way.
        scaling: Share s by which the map from new to old places stretches either way: sizes change by factors of
            1 / (1 + s) to 1 / (1 - s).
        shift: Share of height and width either way.
        shear: Tangent of the angle either way.
        lighting: Change of contrast, as a factor's distance from 1, and of brightness, where black to white is 2.
        erasing: Share of images that lose a square, of up to half their side.
    """

    rotation: float
    scaling: float
    shift: float
    shear: float = 0.0
    lighting: float = 0.0
    erasing: float = 0.0
