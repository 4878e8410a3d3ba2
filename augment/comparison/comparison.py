"""The comparison of a dataset's arms: which are chosen on val, and how they fare on test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from augment.comparison.arms import Arm, best_by_val, require_paired
from augment.comparison.asked import asks_of_unseen_cells, best_on_test, find_asked
from augment.comparison.paired import PairedComparison, paired_comparisons
from augment.core.endpoints import ACCURACY, OF_GROUPS, Blocks, Endpoint
from augment.core.errors import DataError
from augment.core.images import IntArray
from augment.results.kinds import ArmKind, Baseline, Effect, Role

Found = Mapping[str, PairedComparison]
"""Name of an arm → its comparison with a baseline."""


@dataclass(frozen=True)
class Comparison:
    """All arms of a dataset, and what synthesis did.

    Attributes:
        arms: In the order of ``params.yaml``.
        reference: The plain real arm: real images, first recipe.
        best_real: The best arm without synthesis, chosen on val.
        chosen: The best arm with both real and synthetic images, chosen on val; None where no such arm runs.
        released: The best arm with synthetic images only, chosen on val; None where no such arm runs.
        against: Baseline → every arm's comparison with it: of all but itself with the reference and with the best arm
            without synthesis; of arms on other training sets with the real arm of their recipe; and of all with the
            real arm that does best on test, where some cells that are asked about are empty in training and val.
        endpoint: What was asked.
        asked: The test images that it looks at; None for all of them alike, as accuracy does.
        units: Number of each test image's group, shape (N,), where groups are the unit of the image side: what is said
            holds for other groups then. None where images are.
    """

    arms: tuple[Arm, ...]
    reference: Arm
    best_real: Arm
    chosen: Arm | None
    released: Arm | None
    against: Mapping[Baseline, Found]
    endpoint: Endpoint = ACCURACY
    asked: Blocks | None = None
    units: IntArray | None = None

    @property
    def baselines(self) -> list[Arm]:
        """What all arms are compared with: the reference, and the best real arm where it is another."""
        return [self.reference] if self.best_real is self.reference else [self.reference, self.best_real]

    @property
    def effect(self) -> Effect | None:
        """What synthesis does all in all; None where no arm is chosen.

        It helps where the chosen arm beats the best arm without synthesis and its own recipe on real images, and hurts
        where it loses to both. Why both? Chosen and best real arm are found on few val images, and where their recipes
        differ, the recipe alone can win or lose (benchmarks/error_rates.py). Where val has none of some cells that are
        asked about, so that it cannot tell which real arm is best there, it also has to beat the real arm that test
        itself likes most: no rival was then passed over.
        """
        if self.chosen is None:
            return None
        found = {baseline: compared.effect for baseline, compared in self.comparisons_of(self.chosen).items()}
        effect = found[Baseline.BEST_REAL]
        ignored = {Baseline.REFERENCE} if effect is Effect.HELPS else {Baseline.REFERENCE, Baseline.HARDEST_REAL}
        agreed = {each for baseline, each in found.items() if baseline not in ignored} == {effect}
        return effect if agreed else Effect.NO_EFFECT

    @property
    def use(self) -> Arm:
        """The arm to use: the chosen one if synthesis helps, else the best one without synthesis."""
        return self.chosen if self.chosen and self.effect is Effect.HELPS else self.best_real

    def comparisons_of(self, arm: Arm) -> dict[Baseline, PairedComparison]:
        """An arm's comparison with each baseline that it has one with."""
        return {baseline: found[arm.name] for baseline, found in self.against.items() if arm.name in found}

    def roles_of(self, arm: Arm) -> frozenset[Role]:
        """The parts that an arm plays, none for most."""
        players = {
            Role.REFERENCE: self.reference,
            Role.BEST_REAL: self.best_real,
            Role.CHOSEN: self.chosen,
            Role.RELEASE: self.released,
            Role.USE: self.use,
        }
        return frozenset(role for role, player in players.items() if player is arm)


def compare(arms: Sequence[Arm], seed: int, endpoint: Endpoint = ACCURACY, units: IntArray | None = None) -> Comparison:
    """Compare the arms of one dataset; the first of the real training set is the reference.

    An endpoint of groups is about these very groups, and images are its unit in any case.

    Args:
        arms: At least one of them of the real training set.
        seed: The project's seed (`seed` in params.yaml): bootstrap and sign flips draw from it.
        endpoint: What the verdict is asked.
        units: Number of each test image's group, shape (N,), where groups are the unit; None where images are.

    Raises:
        DataError: No arm is real, arms differ in their number of runs or in their test images, or these have nothing
            of what the endpoint asks for.
    """
    real = [arm for arm in arms if arm.kind is ArmKind.REAL]
    if not real:
        raise DataError("expected an arm that trains on real images alone, found none")
    require_paired(arms)
    reference, best_real = real[0], best_by_val(real)
    same_recipe = {arm.recipe: arm for arm in real}
    asked = find_asked(endpoint, reference.predictions.truth, reference.train_cells)
    redrawn = None if endpoint in OF_GROUPS else units

    def best(kind: ArmKind) -> Arm | None:
        members = [arm for arm in arms if arm.kind is kind]
        return best_by_val(members, best_real.recipe) if members else None

    def against(baseline: Arm) -> Found:
        return paired_comparisons([(arm, baseline) for arm in arms if arm is not baseline], seed, asked, redrawn)

    others = [arm for arm in arms if arm.kind is not ArmKind.REAL and arm.recipe in same_recipe]
    against_reference = against(reference)
    found: dict[Baseline, Found] = {
        Baseline.REFERENCE: against_reference,
        Baseline.BEST_REAL: against_reference if best_real is reference else against(best_real),
        Baseline.SAME_RECIPE: paired_comparisons(
            [(arm, same_recipe[arm.recipe]) for arm in others], seed, asked, redrawn
        ),
    }
    if asks_of_unseen_cells(endpoint, reference.predictions.truth, reference.train_cells):
        found[Baseline.HARDEST_REAL] = against(best_on_test(real, asked))
    return Comparison(
        arms=tuple(arms),
        reference=reference,
        best_real=best_real,
        chosen=best(ArmKind.MERGED),
        released=best(ArmKind.SYNTHETIC),
        against=found,
        endpoint=endpoint,
        asked=asked,
        units=units,
    )
