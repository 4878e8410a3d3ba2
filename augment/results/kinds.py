"""The kinds of things that a record speaks of."""

from enum import StrEnum


class ArmKind(StrEnum):
    """What an arm trains on."""

    REAL = "real"
    """Real images."""
    EMPTY_MIX = "empty_mix"
    """A mix that no synthetic image was added to: the same images as `REAL`, so that it stands for nothing new."""
    MERGED = "merged"
    """Real and synthetic images."""
    SYNTHETIC = "synthetic"
    """Synthetic images alone."""
    CONTROL = "control"
    """What stands in the place of synthesis, to be compared with it."""


class Role(StrEnum):
    """A part that an arm plays; it may play several."""

    REFERENCE = "reference"
    """Real images with the first recipe."""
    BEST_REAL = "best_real"
    """The best arm without synthesis, chosen on val."""
    CHOSEN = "chosen"
    """The best arm with both real and synthetic images, chosen on val."""
    RELEASE = "release"
    """The best arm with synthetic images alone, chosen on val."""
    USE = "use"
    """What the verdict recommends."""


class Baseline(StrEnum):
    """What an arm is compared with."""

    REFERENCE = "real"
    """The arm of `Role.REFERENCE`."""
    BEST_REAL = "best_real"
    """The arm of `Role.BEST_REAL`."""
    SAME_RECIPE = "same_recipe"
    """The real arm of the arm's own recipe: what differs is the training images alone."""
    HARDEST_REAL = "hardest_real"
    """The real arm that does best on test itself, where val has no image of some of what is asked about."""


class Effect(StrEnum):
    """What an arm does to accuracy, compared with a baseline."""

    HELPS = "helps"
    NO_EFFECT = "no detectable effect"
    HURTS = "hurts"


class PartKind(StrEnum):
    """What some of the test images have in common."""

    TIER = "tier"
    GROUP = "group"
    CELL = "cell"
    CLASS = "class"


class Missing(StrEnum):
    """Why the comparison goes without something."""

    NOT_MADE = "not_made"
    """A synthesizer could not be trained, or its images not be drawn or judged."""
    FAILED_CHECKS = "failed_checks"
    """A synthesizer's images failed their checks, and no training set takes them."""
    NOT_MERGED = "not_merged"
    """A training set could not be made."""
    NOT_TRAINED = "not_trained"
    """An arm's classifiers could not be trained, or have nothing to be compared with."""
