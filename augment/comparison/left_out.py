"""What a comparison has to go without, and why; each reason once, at the first thing that it stopped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from augment.comparison.arms import Arm
from augment.results.kinds import Missing
from augment.results.record import LeftOut


@dataclass(frozen=True)
class MissingArm:
    """An arm without predictions.

    Attributes:
        train_set: Name of the training set.
        recipe: Name of the recipe.
        synthesizer: Whose synthetic images the training set is for, if any's.
        reasons: Why it could not be trained, a sentence each.
    """

    train_set: str
    recipe: str
    synthesizer: str | None
    reasons: tuple[str, ...]


def left_out(
    quality: Mapping[str, Mapping[str, Any]], arms: Sequence[Arm], missing: Sequence[MissingArm]
) -> list[LeftOut]:
    """List synthesizers first, then training sets, then arms.

    A synthesizer whose images failed their checks and were merged all the same is not left out.

    Args:
        quality: Synthesizer → what its ``quality.json`` holds.
        arms: Those there are.
        missing: Those there are not, training set by training set.
    """
    taken = {arm.synthesizer for arm in arms}
    synthesizers = [
        LeftOut(name=name, missing=kind, reasons=tuple(figures[key]))
        for name, figures in quality.items()
        for key, kind in (("left_out", Missing.NOT_MADE), ("failures", Missing.FAILED_CHECKS))
        if figures.get(key) and (kind is Missing.NOT_MADE or ("left_out" not in figures and name not in taken))
    ]
    return [*synthesizers, *_training_sets(quality, arms, missing)]


def _training_sets(
    quality: Mapping[str, Mapping[str, Any]], arms: Sequence[Arm], missing: Sequence[MissingArm]
) -> Iterator[LeftOut]:
    trained = {arm.train_set for arm in arms}
    for train_set, members in groupby(missing, key=lambda arm: arm.train_set):
        of_recipe = {arm.recipe: _told_once(arm, quality) for arm in members}
        if train_set not in trained and len(set(of_recipe.values())) == 1:
            yield LeftOut(name=train_set, missing=Missing.NOT_MERGED, reasons=next(iter(of_recipe.values())))
            continue
        for recipe, reasons in of_recipe.items():
            yield LeftOut(name=f"{train_set}/{recipe}", missing=Missing.NOT_TRAINED, reasons=reasons)


def _told_once(arm: MissingArm, quality: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Refer to the synthesizer where an arm is missing on its account: its reasons are told there."""
    failures = quality.get(arm.synthesizer or "", {}).get("failures", ())
    if failures and set(failures) <= set(arm.reasons):
        return (f"there are no images by {arm.synthesizer} that may be used",)
    return arm.reasons
