"""Paths with blanks in them, for what a stage reads of many: DVC's templates cannot look a setting up."""

import re
from dataclasses import dataclass
from pathlib import Path

BLANK = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class PathPattern:
    """A path with named blanks, e.g. ``results/{synthesizer}/quality.json``.

    Attributes:
        text: The path as ``dvc.yaml`` writes it.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    def at(self, **names: str) -> Path:
        """Fill in every blank that a name is given for, and leave no blank.

        Raises:
            KeyError: A blank is left without a name.
        """
        return Path(BLANK.sub(lambda blank: names[blank[1]], self.text))

    def within(self, **names: str) -> "PathPattern":
        """Fill in the blanks that names are given for; the others stay."""
        return PathPattern(BLANK.sub(lambda blank: names.get(blank[1], blank[0]), self.text))

    @property
    def folder(self) -> Path:
        """The folder above the first blank, which holds all that the pattern can name."""
        before, blank, _ = self.text.partition("{")
        return Path(before.rpartition("/")[0]) if blank else Path(self.text)
