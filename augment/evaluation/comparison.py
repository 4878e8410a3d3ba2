"""The comparison of a dataset's arms: which are chosen on val, and how they fare on test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from augment.core.errors import DataError
from augment.evaluation.arms import Arm, Kind, best_by_val, require_paired
from augment.evaluation.contests import Contest, Outcome, contests


@dataclass(frozen=True)
class Comparison:
    """All arms of a dataset, and what synthesis did.

    Attributes:
        arms: In the order of ``params.yaml``.
        reference: The plain real arm: real images, first recipe.
        best_real: The best arm without synthesis, chosen on val.
        chosen: The best arm with both real and synthetic images, chosen on val; None where no such arm runs.
        released: The best arm with synthetic images only, chosen on val; None where no such arm runs.
        against_reference: Name of each other arm → its contest with the reference.
        against_best_real: Name of each other arm → its contest with the best arm without synthesis.
        against_same_recipe: Name of each arm on another training set → its contest with the real arm of its recipe:
            what the training set alone does.
    """

    arms: tuple[Arm, ...]
    reference: Arm
    best_real: Arm
    chosen: Arm | None
    released: Arm | None
    against_reference: Mapping[str, Contest]
    against_best_real: Mapping[str, Contest]
    against_same_recipe: Mapping[str, Contest]

    @property
    def rivals(self) -> list[Arm]:
        """What all arms are compared with: the reference, and the best real arm where it is another."""
        return [self.reference] if self.best_real is self.reference else [self.reference, self.best_real]

    @property
    def outcome(self) -> Outcome | None:
        """What synthesis does all in all; None where no arm is chosen.

        It helps where the chosen arm beats the best arm without synthesis and its own recipe on real images. Why both?
        Chosen and best real arm are found on few val images, and where their recipes differ, the recipe alone can win
        (benchmarks/error_rates.py). It hurts where it loses to the best arm without synthesis.
        """
        if self.chosen is None:
            return None
        to_best = self.against_best_real[self.chosen.name]
        like_for_like = self.against_same_recipe.get(self.chosen.name, to_best)
        if to_best.outcome is Outcome.HELPS and like_for_like.outcome is not Outcome.HELPS:
            return Outcome.NO_EFFECT
        return to_best.outcome

    @property
    def use(self) -> Arm:
        """The arm to use: the chosen one if synthesis helps, else the best one without synthesis."""
        return self.chosen if self.chosen and self.outcome is Outcome.HELPS else self.best_real

    def contests_of(self, arm: Arm) -> list[Contest]:
        """An arm's contests with the reference, the best real arm and the real arm of its recipe; no rival twice."""
        found: dict[str, Contest] = {}
        for against in (self.against_reference, self.against_best_real, self.against_same_recipe):
            if contest := against.get(arm.name):
                found.setdefault(contest.rival.name, contest)
        return list(found.values())


def compare(arms: Sequence[Arm], seed: int) -> Comparison:
    """Compare the arms of one dataset; the first of the real training set is the reference.

    Args:
        arms: At least one of them of the real training set.
        seed: The project's seed (`seed` in params.yaml): bootstrap and sign flips draw from it.

    Raises:
        DataError: No arm is real, or arms differ in their number of runs or in their test images.
    """
    # A mix that nothing was added to is real, too, but no arm to hold others against, nor to win a tie.
    real = sorted((arm for arm in arms if arm.kind is Kind.REAL), key=lambda arm: arm.synthesizer is not None)
    if not real or real[0].synthesizer is not None:
        raise DataError("expected an arm that trains on real images alone, found none")
    require_paired(arms)
    reference, best_real = real[0], best_by_val(real)
    same_recipe = {arm.recipe: arm for arm in real if arm.synthesizer is None}

    def best(kind: Kind) -> Arm | None:
        members = [arm for arm in arms if arm.kind is kind]
        return best_by_val(members, best_real.recipe) if members else None

    def against(rival: Arm) -> dict[str, Contest]:
        return contests([(arm, rival) for arm in arms if arm is not rival], seed)

    others = [arm for arm in arms if arm.synthesizer is not None and arm.recipe in same_recipe]
    against_reference = against(reference)
    return Comparison(
        arms=tuple(arms),
        reference=reference,
        best_real=best_real,
        chosen=best(Kind.MERGED),
        released=best(Kind.SYNTHETIC),
        against_reference=against_reference,
        against_best_real=against_reference if best_real is reference else against(best_real),
        against_same_recipe=contests([(arm, same_recipe[arm.recipe]) for arm in others], seed),
    )
