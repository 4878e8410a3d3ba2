"""How the learning rate changes over the course of a training."""


def linear_decay(progress: float, share: float, floor: float) -> float:
    """Learning-rate factor: 1, then over the last ``share`` of training falling linearly to ``floor``."""
    if progress <= 1.0 - share:
        return 1.0
    return max(floor, (1.0 - progress) / share)
