"""Has a generator failed? Collapse and disobeyed labels, told in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from augment.assessment.gate import GateSpec
from augment.core.text import printable

CERTAINTY = 2.326
"""Standard errors of a one-sided 99 % bound."""

Figures = Mapping[str, float] | pd.Series  # of all classes, or one row of the table


class Failure(NamedTuple):
    """One figure below what the gate expects.

    Attributes:
        label: The class index; None for all classes together.
        sentence: What a user reads: where, found, expected, and what it means.
    """

    label: int | None
    sentence: str


def find_failures(overall: Figures, per_class: pd.DataFrame, classes: Sequence[str], gate: GateSpec) -> list[Failure]:
    """Hold a generator's figures against the gate.

    Small sets do not fail by chance: a share fails only when the upper end of its 99 % interval is below what is
    expected (of 10 images 1 may have a fidelity of 0.5 by bad luck, of 200 not 20), and diversity is judged from
    ``gate.fewest`` images on. A figure that is NaN is not judged: there were too few images to compute it.

    Args:
        overall: With ``coverage`` and ``recall``, as `generator_quality` gives them.
        per_class: K rows, as `quality_per_class` gives them.
        classes: K class names.
        gate: The least that is expected.

    Returns:
        One failure for each figure that is too low, those of all classes together first; none if all is well.
    """
    matched = per_class[["images", "real_images"]].min(axis=1)  # what coverage, recall and diversity are of
    together = {**overall, "matched": matched.sum(), "diversity_ratio": per_class["diversity_ratio"].mean()}
    per_class = per_class.assign(matched=matched)
    failures = [Failure(None, f"all classes: {text}") for text in _variety(together, gate)]
    for label, name in enumerate(classes):
        figures = per_class.iloc[label]
        sentences = [*_obedience(figures, len(classes), gate), *_variety(figures, gate)]
        failures += [Failure(label, f"class {printable(name)}: {text}") for text in sentences]
    return failures


def wilson_upper(share: float, count: float) -> float:
    """Upper end of Wilson's one-sided 99 % interval for a share (Wilson, 1927), 0 to 1; 1 where nothing was counted.

    Args:
        share: Found share, 0 to 1.
        count: Of how many.
    """
    if count == 0:
        return 1.0
    z2 = CERTAINTY**2 / count
    return (share + z2 / 2 + (z2 * (share * (1 - share) + z2 / 4)) ** 0.5) / (1 + z2)


def _obedience(figures: Figures, classes: int, gate: GateSpec) -> Iterator[str]:
    expected = _expected_fidelity(figures["real_fidelity"], 1.0 / classes, gate.label_fidelity)
    if wilson_upper(figures["fidelity"], figures["images"]) < expected:
        found, least = (f"{100 * share:.1f} %" for share in (figures["fidelity"], expected))
        yield f"label fidelity {found}, expected at least {least}: the generator does not obey this label"


def _expected_fidelity(of_real: float, chance: float, share: float) -> float:
    knows_class = of_real > chance  # False for NaN, too: no real image to learn it from
    return chance + share * (of_real - chance) if share and knows_class else 0.0


def _variety(figures: Figures, gate: GateSpec) -> Iterator[str]:
    diversity, coverage, recall = figures["diversity_ratio"], figures["coverage"], figures["recall"]
    count = figures["matched"]
    if diversity < gate.diversity and count >= gate.fewest:
        yield _low("diversity over that of real images", diversity, gate.diversity, "the generator repeats itself")
    if wilson_upper(coverage, count) < gate.coverage:
        yield _low("coverage", coverage, gate.coverage, "most real images have no synthetic one near")
    if wilson_upper(recall, count) < gate.recall:
        yield _low("recall", recall, gate.recall, "few kinds of real images are among the synthetic ones")


def _low(name: str, found: float, expected: float, meaning: str) -> str:
    return f"{name} {found:.2f}, expected at least {expected:.2f}: {meaning}"
