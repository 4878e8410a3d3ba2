"""Which synthesizers there are: their settings register them, their code is imported when it is needed.

A method is a file ``NAME_spec.py`` in its family's folder, with a subclass of `SynthesizerSpec`, and the code that it
refers to. Families are folders because a folder is what DVC looks at: a change to one of them retrains its methods
and no others.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from augment.core.registry import Method

FAMILIES = ("gan", "vae", "classical")
"""Folders beside this one that hold methods; each has a list under ``synthesizers`` and its stages in dvc.yaml."""

PARENT = "augment.synthesis"


class SynthesizerSpec(Method):
    """Settings of a synthesizer.

    Attributes:
        generators: How many are trained, each by a seed of its own: 1, or as many as ``seeds``. Then each run of an arm
            learns from another one, and the verdict speaks of the method, not of one training of it.
        TITLE: What it is, in a few words.
        WHEN: What it is good for.
        HOLDS_IMAGES: Whether a trained one holds training images themselves, or can come close to them: where those
            may not leave the house, neither may it.
        BUILDER: Reference to a function of image shape, class count, spec and `Synthesizer.sizes` that gives the
            untrained synthesizer.
        TRAINER: Reference to a function of training images, spec and seed that gives the fitted synthesizer; for an
            `IterativeSpec`, of those and a machine, that gives a `Training`.
    """

    HOMES = tuple(f"{PARENT}.{family}.*_spec" for family in FAMILIES)
    generators: Annotated[int, Field(ge=1, le=100, exclude_if=lambda count: count == 1)] = 1

    TITLE: ClassVar[str]
    WHEN: ClassVar[str]
    HOLDS_IMAGES: ClassVar[bool]
    BUILDER: ClassVar[str]
    TRAINER: ClassVar[str]

    @classmethod
    def family(cls) -> str:
        """Name the folder it is in."""
        return cls.__module__.removeprefix(f"{PARENT}.").partition(".")[0]
