"""Two arms against each other, on the same runs and test images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from augment.comparison.arms import Arm
from augment.comparison.asked import difference_table, images_asked
from augment.comparison.clusters import CrossedTable
from augment.comparison.intervals import Estimate, pigeonhole_interval, table_estimate
from augment.comparison.power import Spread, seeds_needed, smallest_effect, spread
from augment.comparison.significance import ALPHA, holm, mcnemar_p, sign_flip_p
from augment.core.endpoints import Blocks
from augment.core.images import FloatArray, IntArray
from augment.core.seeding import numpy_generator
from augment.results.kinds import ArmKind, Effect
from augment.results.record import Interval, PairedResult

EFFECTS = (0.005, 0.01, 0.02)
"""Differences in accuracy for which the needed number of seeds is told."""


@dataclass(frozen=True)
class PairedComparison:
    """How much better an arm is than a baseline by the verdict's endpoint, and how sure that is.

    Paired twice: run k of both arms has the same initial weights, and both see the same test images. All of it speaks
    of this train split and this synthesizer's training; neither is drawn again.

    Attributes:
        arm: The arm.
        baseline: What it is compared with.
        estimate: Endpoint of the arm minus that of the baseline, over runs and test images.
        family: Number of tests that ``p_holm`` corrects for.
        p_holm: t test of ``estimate``, corrected by Holm for the tests of its family.
        seed: The project's seed (`seed` in params.yaml), which bootstrap and sign flips draw from.
        asked: The test images that the endpoint looks at; None for accuracy.
        units: Number of each test image's group, where groups are the unit of all that is said; None where images are.
    """

    arm: Arm
    baseline: Arm
    estimate: Estimate
    family: int
    p_holm: float
    seed: int
    asked: Blocks | None = None
    units: IntArray | None = None

    @cached_property
    def table(self) -> CrossedTable:
        """What the arm gains, runs × images or groups; see `difference_table`."""
        return difference_table(self.arm, self.baseline, self.asked, self.units)

    @property
    def effect(self) -> Effect:
        """By the corrected p-value: an interval that leaves 0 out is not enough where many arms were tried."""
        if self.p_holm > ALPHA:
            return Effect.NO_EFFECT
        return Effect.HELPS if self.estimate.mean > 0 else Effect.HURTS

    @cached_property
    def bootstrap(self) -> Interval:
        """Interval of the same difference by the pigeonhole bootstrap."""
        rng = numpy_generator(self.seed, "bootstrap", self.arm.name, self.baseline.name)
        return pigeonhole_interval(self.table.values, rng)

    @cached_property
    def p_sign_flip(self) -> float:
        """p-value of no difference by sign flips of runs and images, or groups."""
        rng = numpy_generator(self.seed, "sign flips", self.arm.name, self.baseline.name)
        return sign_flip_p(self.table.values, rng, shares=self.table.shares)

    @property
    def p_mcnemar(self) -> float | None:
        """p-value of no difference between the two ensembles of all runs, on the images that the endpoint looks at.

        None where groups are the unit: the test takes images for independent.
        """
        if self.units is not None:
            return None
        labels, rows = self.arm.predictions.labels, images_asked(self.arm, self.baseline, self.asked)
        right = [each.predictions.ensembled == labels for each in (self.arm, self.baseline)]
        return mcnemar_p(*(each[rows] for each in right))

    @property
    def smallest_effect(self) -> float | None:
        """Smallest true difference that this comparison detects with 80 % power, whatever the rest of its family shows.

        None where the arms never differ: without any spread nothing is known of it.
        """
        if not self.estimate.error:
            return None
        return smallest_effect(self.estimate.error, self.estimate.freedom, ALPHA / self.family)

    @cached_property
    def _spread(self) -> Spread:
        return replace(spread(self.table.values), freedom=self.table.freedom, most=self.table.most)

    def seeds_for(self, effect: float) -> int | None:
        """Seeds that detect a true difference with 80 % power, None if only more test images would help."""
        if not self.estimate.error:
            return None
        return seeds_needed(self._spread, effect, ALPHA / self.family)

    def result(self) -> PairedResult:
        """Give all of it as a part of the record."""
        return PairedResult(
            arm=self.baseline.name,
            effect=self.effect,
            difference=self.estimate.interval(),
            bootstrap=self.bootstrap,
            p=self.estimate.p_value(),
            p_holm=self.p_holm,
            p_sign_flip=self.p_sign_flip,
            p_mcnemar=self.p_mcnemar,
            tests=self.family,
            smallest_effect=self.smallest_effect,
            seeds_for={str(effect): self.seeds_for(effect) for effect in EFFECTS},
        )


def differences(arm: Arm, baseline: Arm) -> FloatArray:
    """1 where only the arm is right, -1 where only the baseline is, 0 elsewhere; runs × test images, R×N."""
    return arm.predictions.hits - baseline.predictions.hits


def paired_comparisons(
    pairs: Sequence[tuple[Arm, Arm]], seed: int, asked: Blocks | None = None, units: IntArray | None = None
) -> dict[str, PairedComparison]:
    """Hold arms against their baselines, Holm's correction over the arms of the same kind.

    A kind is a family of tests since the best of a kind is what gets chosen. Choosing on val does not spare the
    correction: the runs that were lucky on val are the same that predict test, so that among 12 equal arms the chosen
    one seems to differ from an arm not chosen in 14 % of simulated comparisons, with run variance large
    (benchmarks/error_rates.py). Corrected, the p-value is honest however the arm was chosen.

    Args:
        pairs: Arms of a dataset, each once, and the baseline of each.
        seed: The project's seed (`seed` in params.yaml): bootstrap and sign flips draw from it.
        asked: The test images that the endpoint looks at; None for accuracy.
        units: Number of each test image's group, where groups are the unit; None where images are.

    Returns:
        Name of each arm → its comparison, in the order given.
    """
    found: dict[str, PairedComparison] = {}
    for arm, baseline in pairs:
        estimate = table_estimate(difference_table(arm, baseline, asked, units))
        found[arm.name] = PairedComparison(arm, baseline, estimate, 1, estimate.p_value(), seed, asked, units)
    for kind in ArmKind:
        family = [compared for compared in found.values() if compared.arm.kind is kind]
        adjusted = holm(np.asarray([compared.p_holm for compared in family]))
        for compared, p_holm in zip(family, adjusted, strict=True):
            found[compared.arm.name] = replace(compared, family=len(family), p_holm=float(p_holm))
    return found
