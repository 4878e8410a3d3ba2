"""How often intervals hold the truth and tests raise false alarms, in simulated comparisons with a known truth.

    python -m benchmarks.error_rates --rounds 1000

The first table is of two arms: how often each interval holds the true difference, and how often each test finds a
difference at 5 % where there is none. The second is of the verdict, over real and merged arms that are all equally
good; best real arm and candidate are chosen on val. How often does it say that synthesis helps or hurts, by plain
p-values and by corrected ones; how often would the merged set be used; and how often if merged arms truly are better?
In the third the recipes differ in worth, on real and merged images alike. How often would the merged set be used if it
only had to beat the best real arm, and how often as it also has to beat the real arm of its own recipe? The fourth is
of every endpoint, on 160 test images in four uneven cells of two classes and two groups that do not differ. The fifth
is of a whole study of cells: seven recipes, each on real and on filled images, three runs that may be lucky in one cell
and unlucky in another, and recipes that truly differ by up to 30 points in the rare cell; where it is empty, val has
none of it. Filling itself is worth nothing there, or 30 points. In the sixth recipe or mix were searched on val among
many settings that are all worth the same. In the seventh generators differ in worth, and are worth nothing on average:
what is said of the method where all runs share one, and where each has its own? In the last two images are of groups
that the split keeps apart, and images of one group are alike: how often does an interval over images hold the truth,
how often one over groups, and how often do both verdicts say that synthesis helps where it does not?

Run it as a module, from the project's folder: it draws its arms as the tests do.
"""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np

from augment.comparison.clusters import CrossedTable, group_table
from augment.comparison.comparison import Comparison, compare
from augment.comparison.intervals import Estimate, crossed_estimate, pigeonhole_interval, table_estimate
from augment.comparison.paired import PairedComparison
from augment.comparison.power import spread
from augment.comparison.significance import ALPHA, mcnemar_p, sign_flip_p
from augment.core.cells import Cells
from augment.core.endpoints import OF_GROUPS, Endpoint
from augment.core.images import FloatArray, IntArray
from augment.core.seeding import numpy_generator
from augment.results.kinds import ArmKind, Baseline, Effect
from augment.results.record import Interval
from tests.comparison.simulated import (
    CELLS,
    EMPTY,
    STUDY_RECIPES,
    STUDY_WORLD,
    UNEVEN,
    WORLDS,
    World,
    draw_arms,
    draw_hits,
    draw_in_cells,
    draw_searched,
    draw_study,
)

EFFECT = 0.02
GAIN, LARGE_GAIN, FILLED_GAIN = 0.04, 0.08, 0.3
RESAMPLES = FLIPS = 499
VERDICTS = [
    (name, real, merged)
    for name in ("450 scarce images", "runs dominate", "images dominate", "3 seeds", "2 seeds")
    for real, merged in ((1, 1), (2, 2), (4, 4), (2, 12))
]
RECIPES = (0.0, 0.005, 0.03, 0.04)
IMAGES = ((450, 30), (450, 100), (2000, 30), (2000, 100), (2000, 300))
"""Test and val images."""

GENERATORS = (0.0, 0.005, 0.01, 0.02)
"""Standard deviation between generators of what they are worth to a classifier, in accuracy."""

GROUPS = [
    (groups, alike, uneven) for groups in (2, 4, 10, 30) for alike in (0.0, 0.05, 0.3) for uneven in (False, True)
]
"""Number of groups, correlation of their images, and whether they differ in size."""

Round = dict[str, float]
"""What one simulated comparison showed: 0 or 1 of each column, or a width."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(
        f"{options.rounds} rounds; two standard errors of 95 % and 5 % are {43.6 / options.rounds**0.5:.1f} points.\n"
    )
    # Each row has draws of its own, so that it is the same whichever other rows there are.
    pairs = {name: partial(two_arms, world, numpy_generator(options.seed, name)) for name, world in WORLDS.items()}
    show("two arms", options.rounds, pairs)
    judged = {
        f"{name}: {real} + {merged}": partial(
            verdict, WORLDS[name], real, merged, numpy_generator(options.seed, name, real, merged)
        )
        for name, real, merged in VERDICTS
    }
    show("verdict: real + merged arms", options.rounds, judged)
    unequal = {
        f"{test} test images, {val} of val": partial(
            unequal_recipes, replace(World(), images=test, val_images=val), numpy_generator(options.seed, test, val)
        )
        for test, val in IMAGES
    }
    show("recipes worth 0, 0.5, 3, 4 points", options.rounds, unequal)
    asked = {name: partial(by_endpoint, name, numpy_generator(options.seed, name)) for name in get_args(Endpoint)}
    show("endpoint: 1 real + 2 merged arms", options.rounds, asked)
    filled = {
        f"{endpoint}, {name} cell": partial(of_study, endpoint, train, numpy_generator(options.seed, endpoint, name))
        for endpoint in OF_GROUPS
        for name, train in {"an empty": EMPTY, "a rare": CELLS}.items()
    }
    show("study of cells: 7 real + 7 filled arms", options.rounds, filled)
    show("searched on val", options.rounds, searched_rows(options.seed))
    trained = {
        f"generators differ by {100 * spread:g} points": partial(
            by_generator, World(), spread, numpy_generator(options.seed, "generators", str(spread))
        )
        for spread in GENERATORS
    }
    show("two arms of a method", options.rounds, trained)
    show("test images of groups", options.rounds, grouped_rows(two_grouped_arms, options.seed, GROUPS))
    judged_by_group = [row for row in GROUPS if row[0] > 2 and row[1] > 0]
    show("verdict: 2 real + 2 merged arms", options.rounds, grouped_rows(by_group, options.seed, judged_by_group))


def grouped_rows(
    draw: Callable[[World, np.random.Generator], Round], seed: int, rows: Sequence[tuple[int, float, bool]]
) -> Mapping[str, Callable[[], Round]]:
    """List comparisons on images of groups; what differs between arms are images more than runs."""
    named = {
        f"{groups} {'uneven' if uneven else 'even'} groups, correlation {alike:g}": replace(
            WORLDS["images dominate"], groups=groups, alike=alike, uneven=uneven
        )
        for groups, alike, uneven in rows
    }
    return {name: partial(draw, world, numpy_generator(seed, "groups", name)) for name, world in named.items()}


def searched_rows(seed: int) -> Mapping[str, Callable[[], Round]]:
    """List the comparisons after a search."""
    return {
        f"{what}, {tried} tried, {val} images of val": partial(
            after_search,
            replace(World(), val_images=val),
            tried,
            number,
            numpy_generator(seed, "searched", what, tried, val),
        )
        for number, what in ((1, "mix"), (2, "recipe"))
        for val in (30, 300)
        for tried in (1, 10, 100)
    }


def show(title: str, rounds: int, rows: Mapping[str, Callable[[], Round]]) -> None:
    """Print a Markdown table, one row a setting: means over rounds, in percent."""
    for number, (name, draw) in enumerate(rows.items()):
        found = [draw() for _ in range(rounds)]
        if number == 0:
            print(f"| {' | '.join([title, *found[0]])} |\n|{'---|' * (1 + len(found[0]))}")
        means = (100 * np.mean([each[column] for each in found]) for column in found[0])
        print(f"| {' | '.join([name, *(f'{mean:.1f}' for mean in means)])} |", flush=True)
    print()


def two_arms(world: World, rng: np.random.Generator) -> Round:
    """Compare two equal arms, and two of which one is truly better."""
    first, second = draw_hits(world, [0.0, 0.0], rng)[:, :, world.val_images :]
    values = second.astype(np.float64) - first
    # An arm near 100 % cannot gain two points.
    effect = min(EFFECT, (1 - world.accuracy) / 2)
    plain, better = draw_hits(world, [0.0, effect], rng)[:, :, world.val_images :].astype(np.float64)
    estimate, once = crossed_estimate(values), residual_once(values)
    return {
        "interval covers, no effect %": holds(estimate.interval(), 0.0),
        "with an effect %": holds(crossed_estimate(better - plain).interval(), effect),
        "bootstrap covers %": holds(pigeonhole_interval(values, rng, RESAMPLES), 0.0),
        "residual once covers %": holds(once.interval(), 0.0),
        "its width / ours %": width(once.interval()) / width(estimate.interval()) if estimate.error else 1.0,
        "false alarms: t %": estimate.p_value() <= ALPHA,
        "sign flips %": sign_flip_p(values, rng, FLIPS) <= ALPHA,
        "McNemar %": mcnemar_p(first.mean(axis=0) > 0.5, second.mean(axis=0) > 0.5) <= ALPHA,
    }


def residual_once(values: FloatArray) -> Estimate:
    """Estimate as `crossed_estimate` does, but with the residual counted once: what is unbiased."""
    runs, images = values.shape
    parts = spread(values)
    of_runs = parts.run / runs + parts.residual / (runs * images)
    of_images = parts.image / images
    total = of_runs + of_images
    freedom = total**2 / (of_runs**2 / (runs - 1) + of_images**2 / (images - 1)) if total else runs - 1
    return Estimate(float(values.mean()), total**0.5, freedom, images)


def holds(interval: Interval, truth: float) -> bool:
    """Whether an interval holds the truth."""
    return interval.low <= truth <= interval.high


def width(interval: Interval) -> float:
    """Length of an interval."""
    return interval.high - interval.low


def verdict(world: World, real: int, merged: int, rng: np.random.Generator) -> Round:
    """Judge merged arms that are as good as the real ones, and merged arms that all are truly better."""
    equal = compare(draw_arms(world, real, merged, rng), seed=0)
    better = compare(draw_arms(world, real, merged, rng, GAIN), seed=0)
    found = comparisons_of_chosen(equal)
    return {
        "false, plain p %": any(compared.estimate.p_value() <= ALPHA for compared in found),
        "false, corrected p %": any(compared.effect is not Effect.NO_EFFECT for compared in found),
        "merged set used for nothing %": equal.use.kind is ArmKind.MERGED,
        f"gain of {100 * GAIN:.0f} points seen %": better.use.kind is ArmKind.MERGED,
    }


def unequal_recipes(world: World, rng: np.random.Generator) -> Round:
    """Judge merged arms where recipes differ in worth, and synthesis does nothing, or truly helps each of them."""
    arms = len(RECIPES)
    equal = compare(draw_arms(world, arms, arms, rng, recipes=RECIPES), seed=0)
    better = compare(draw_arms(world, arms, arms, rng, GAIN, RECIPES), seed=0)
    return {
        "used for nothing, if the best real arm were all %": beats_best_real(equal),
        "merged set used for nothing %": equal.use.kind is ArmKind.MERGED,
        f"gain of {100 * GAIN:.0f} points seen, if it were all %": beats_best_real(better),
        f"gain of {100 * GAIN:.0f} points seen %": better.use.kind is ArmKind.MERGED,
    }


def by_endpoint(endpoint: Endpoint, rng: np.random.Generator) -> Round:
    """Judge by an endpoint, on cells of 12 to 60 test images: merged arms as good as the real one, and truly better."""
    world = World(images=len(UNEVEN.labels), val_images=100)
    equal = compare(draw_in_cells(world, 2, rng), seed=0, endpoint=endpoint)
    better = compare(draw_in_cells(world, 2, rng, LARGE_GAIN), seed=0, endpoint=endpoint)
    compared = comparisons_of_chosen(equal)[0]
    return {
        "interval of the chosen arm covers %": holds(compared.estimate.interval(), 0.0),
        "helps, for nothing %": equal.effect is Effect.HELPS,
        "hurts, for nothing %": equal.effect is Effect.HURTS,
        f"gain of {100 * LARGE_GAIN:.0f} points seen %": better.effect is Effect.HELPS,
    }


def of_study(endpoint: Endpoint, train: Cells, rng: np.random.Generator) -> Round:
    """Judge a whole study in which filling is worth nothing, and one in which it is worth much."""
    equal = compare(draw_study(STUDY_WORLD, STUDY_RECIPES, train, rng), seed=0, endpoint=endpoint)
    better = compare(draw_study(STUDY_WORLD, STUDY_RECIPES, train, rng, FILLED_GAIN), seed=0, endpoint=endpoint)
    return {
        "helps, for nothing %": equal.effect is Effect.HELPS,
        "hurts, for nothing %": equal.effect is Effect.HURTS,
        f"gain of {100 * FILLED_GAIN:.0f} points in that cell seen %": better.effect is Effect.HELPS,
    }


def after_search(world: World, tried: int, searches: int, rng: np.random.Generator) -> Round:
    """Judge what a search took from settings that are all equally good; see `draw_searched`."""
    found = compare(draw_searched(world, tried, searches, rng), seed=0)
    return {
        "helps, for nothing %": found.effect is Effect.HELPS,
        "hurts, for nothing %": found.effect is Effect.HURTS,
        "merged set used for nothing %": found.use.kind is ArmKind.MERGED,
    }


def by_generator(world: World, deviation: float, rng: np.random.Generator) -> Round:
    """Compare real images with a method that is worth nothing on average: one generator for all runs, or one each."""
    nothing = np.zeros(world.runs)
    worth = {"one": np.full(world.runs, rng.normal(0, deviation)), "one a run": rng.normal(0, deviation, world.runs)}
    found = Round()
    for name, own in worth.items():
        real, merged = draw_hits(world, np.stack([nothing, own]), rng)[:, :, world.val_images :].astype(np.float64)
        estimate = crossed_estimate(merged - real)
        found[f"{name}: interval covers %"] = holds(estimate.interval(), 0.0)
        found[f"{name}: false alarms %"] = estimate.p_value() <= ALPHA
        found[f"{name}: width in points"] = width(estimate.interval())
    return found


def two_grouped_arms(world: World, rng: np.random.Generator) -> Round:
    """Compare two arms on images of groups, equal or one truly better: over images, and over groups."""
    first, second = draw_hits(world, [0.0, 0.0], rng)[:, :, world.val_images :].astype(np.float64)
    plain, better = draw_hits(world, [0.0, EFFECT], rng)[:, :, world.val_images :].astype(np.float64)
    values, units = second - first, world.units()
    table, of_images = by_units(values, units), crossed_estimate(values)
    estimate = table_estimate(table)
    return {
        "over images: covers %": holds(of_images.interval(), 0.0),
        "false alarms %": of_images.p_value() <= ALPHA,
        "over groups: covers %": holds(estimate.interval(), 0.0),
        "with an effect %": holds(table_estimate(by_units(better - plain, units)).interval(), EFFECT),
        "with G - 1 degrees %": holds(
            table_estimate(table._replace(freedom=world.groups - 1, most=math.inf)).interval(), 0.0
        ),
        "bootstrap covers %": holds(pigeonhole_interval(table.values, rng, RESAMPLES), 0.0),
        "its false alarms: t %": estimate.p_value() <= ALPHA,
        "sign flips %": sign_flip_p(table.values, rng, FLIPS, table.shares) <= ALPHA,
        "width / that over images %": width(estimate.interval()) / width(of_images.interval()),
    }


def by_units(values: FloatArray, units: IntArray) -> CrossedTable:
    """Lay differences out by groups."""
    return group_table([(1.0, values)], [units])


def by_group(world: World, rng: np.random.Generator) -> Round:
    """Judge merged arms on images of groups, as good as real ones or truly better: over images, and over groups."""
    equal, better = draw_arms(world, 2, 2, rng), draw_arms(world, 2, 2, rng, GAIN)
    found = Round()
    for name, units in {"over images": None, "over groups": world.units()}.items():
        none, gained = compare(equal, seed=0, units=units), compare(better, seed=0, units=units)
        found[f"{name}: helps, for nothing %"] = none.effect is Effect.HELPS
        found[f"{name}: hurts, for nothing %"] = none.effect is Effect.HURTS
        found[f"{name}: gain of {100 * GAIN:.0f} points seen %"] = gained.use.kind is ArmKind.MERGED
    return found


def beats_best_real(comparison: Comparison) -> bool:
    """Whether the chosen arm is said to be better than the best arm without synthesis."""
    found = comparison.against[Baseline.BEST_REAL][comparison.chosen.name] if comparison.chosen else None
    return found is not None and found.effect is Effect.HELPS


def comparisons_of_chosen(comparison: Comparison) -> list[PairedComparison]:
    """The comparisons that the verdict speaks of."""
    return list(comparison.comparisons_of(comparison.chosen).values()) if comparison.chosen else []


if __name__ == "__main__":
    main()
