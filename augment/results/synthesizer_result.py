"""What was measured of the images of one synthesizer."""

from augment.core.records import Number, Record

KNOWS = 0.25
"""How far from guessing (0) to knowing all (1) the lower end of the interval of a judge's accuracy must be."""


class Measured(Record):
    """One figure of synthetic images.

    Attributes:
        value: What was measured; None where there were too few images.
        low: Lower end of its 95 % interval, where it has one.
        high: Upper end.
        real_reference: The same of real images, or what is to be expected of images that copy nothing.
    """

    value: Number | None
    low: Number | None = None
    high: Number | None = None
    real_reference: Number | None = None


class SynthesizerResult(Record):
    """The images of one synthesizer.

    Attributes:
        name: As in ``params.yaml``.
        failures: The checks that they failed, or why there are none, a sentence each.
        figures: Name of each of `augment.results.synthesizer_figures.SYNTHESIZER_FIGURES` → what was measured.
    """

    name: str
    failures: tuple[str, ...]
    figures: dict[str, Measured]

    @property
    def unjudged(self) -> bool:
        """Whether there was nothing to judge: there are reasons and no figures."""
        return all(found.value is None for name, found in self.figures.items() if name != "failed_checks")

    @property
    def weak_judge(self) -> bool:
        """Whether the judge hardly knows the real images, so that its figures mean little; see `KNOWS`."""
        found = self.figures.get("judge_accuracy")
        if found is None or found.low is None or found.real_reference is None:
            return False
        chance = found.real_reference
        return found.low - chance < KNOWS * (1 - chance)
