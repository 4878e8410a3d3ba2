"""Watching a training: when to look, what counts as better, when to stop."""

from typing import Literal

from pydantic import NonNegativeInt, PositiveInt

from augment.core.specs import Spec


class WatchSpec(Spec):
    """Looks at the averaged synthesizer while it trains, in the judge's features, against val.

    Attributes:
        looks: Looks over the whole training, evenly spaced, the last at its end.
        choose_by: Figure whose lowest look is kept: ``frechet_joint_distance`` sees quality, diversity and wrong
            labels in one; ``frechet_distance`` is blind to labels; ``last`` keeps the end of the training.
        patience: Looks without improvement after which training ends early; 0 goes on to the end.
    """

    looks: PositiveInt = 10
    choose_by: Literal["frechet_joint_distance", "frechet_distance", "last"] = "frechet_joint_distance"
    patience: NonNegativeInt = 0
