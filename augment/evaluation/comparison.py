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
    """

    arms: tuple[Arm, ...]
    reference: Arm
    best_real: Arm
    chosen: Arm | None
    released: Arm | None
    against_reference: Mapping[str, Contest]
    against_best_real: Mapping[str, Contest]

    @property
    def rivals(self) -> list[Arm]:
        """What all arms are compared with: the reference, and the best real arm where it is another."""
        return [self.reference] if self.best_real is self.reference else [self.reference, self.best_real]

    @property
    def use(self) -> Arm:
        """The arm to use: the chosen one only if it beats the best arm without synthesis, else that one."""
        if self.chosen and self.against_best_real[self.chosen.name].outcome is Outcome.HELPS:
            return self.chosen
        return self.best_real

    def contests_of(self, arm: Arm) -> list[Contest]:
        """The contests of an arm with each of the rivals that it is not."""
        against = [self.against_reference, self.against_best_real][: len(self.rivals)]
        return [found[arm.name] for found in against if arm.name in found]


def compare(arms: Sequence[Arm], seed: int) -> Comparison:
    """Compare the arms of one dataset; the first that trains on real images alone is the reference.

    Args:
        arms: At least one of them real.
        seed: The run's seed: bootstrap and sign flips draw from it.

    Raises:
        DataError: No arm is real, or arms differ in their number of runs or in their test images.
    """
    by_kind = {kind: [arm for arm in arms if arm.kind is kind] for kind in Kind}
    if not by_kind[Kind.REAL]:
        raise DataError("expected an arm that trains on real images alone, found none")
    require_paired(arms)
    best = {kind: best_by_val(members) if members else None for kind, members in by_kind.items()}
    reference, best_real = by_kind[Kind.REAL][0], best_by_val(by_kind[Kind.REAL])
    against_reference = contests(arms, reference, seed)
    return Comparison(
        arms=tuple(arms),
        reference=reference,
        best_real=best_real,
        chosen=best[Kind.MERGED],
        released=best[Kind.SYNTHETIC],
        against_reference=against_reference,
        against_best_real=against_reference if best_real is reference else contests(arms, best_real, seed),
    )
