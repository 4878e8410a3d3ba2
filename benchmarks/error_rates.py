"""How often intervals hold the truth and tests raise false alarms, in simulated comparisons with a known truth.

    python -m benchmarks.error_rates --rounds 1000

The first table is of two arms: how often each interval holds the true difference, and how often each test finds a
difference at 5 % where there is none. The second is of the verdict, over real and merged arms that are all equally
good; best real arm and candidate are chosen on val. How often does it say that synthesis helps or hurts, by plain
p-values and by corrected ones; how often would the merged set be used; and how often if merged arms truly are better?

Run it as a module, from the project's folder: it draws its arms as the tests do.
"""

import argparse
from collections.abc import Iterator

import numpy as np

from augment.evaluation.arms import Kind
from augment.evaluation.comparison import Comparison, compare
from augment.evaluation.contests import Contest, Outcome
from augment.evaluation.intervals import Interval, crossed_estimate, pigeonhole_interval
from augment.evaluation.significance import ALPHA, mcnemar_p, sign_flip_p
from tests.evaluation.simulated import WORLDS, World, draw_arms, draw_hits

EFFECT = 0.02
RESAMPLES = FLIPS = 499
ARMS = ((1, 1), (2, 2), (4, 4), (2, 12))
GAIN = 0.04


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print(
        f"{options.rounds} rounds: 95.0 % and 5.0 % stray by ± {43.6 / options.rounds**0.5:.1f} (two standard errors)\n"
    )
    print(
        "| two arms | coverage %: t, no effect | t, true effect | bootstrap, no effect | false alarms %: t | ", end=""
    )
    print("sign flips | McNemar |\n|" + "---|" * 7)
    for name, world in WORLDS.items():
        print(
            f"| {name} | {' | '.join(f'{100 * rate:.1f}' for rate in two_arms(world, options.rounds, rng))} |",
            flush=True,
        )
    print("\n| verdict | arms: real + merged | false verdicts %: plain p | corrected p | would use it | ", end="")
    print(f"a gain of {100 * GAIN:.0f} points is seen % |\n|{'---|' * 6}")
    for name in ("450 scarce images", "runs dominate", "images dominate", "2 seeds"):
        for real, merged in ARMS:
            rates = verdicts(WORLDS[name], real, merged, options.rounds, rng)
            print(f"| {name} | {real} + {merged} | {' | '.join(f'{100 * rate:.1f}' for rate in rates)} |", flush=True)


def two_arms(world: World, rounds: int, rng: np.random.Generator) -> list[float]:
    """Rates in the order of the first table's columns."""
    # An arm near 100 % cannot gain two points.
    effect = min(EFFECT, (1 - world.accuracy) / 2)
    return np.mean([[*_without_effect(world, rng), _covers(world, effect, rng)] for _ in range(rounds)], axis=0)[
        [0, 5, 1, 2, 3, 4]
    ].tolist()


def _without_effect(world: World, rng: np.random.Generator) -> Iterator[bool]:
    first, second = draw_hits(world, [0.0, 0.0], rng)[:, :, world.val_images :]
    values = second.astype(np.float64) - first
    estimate = crossed_estimate(values)
    yield _holds(estimate.interval(), 0.0)
    yield _holds(pigeonhole_interval(values, rng, RESAMPLES), 0.0)
    yield estimate.p_value() <= ALPHA
    yield sign_flip_p(values, rng, FLIPS) <= ALPHA
    yield mcnemar_p(first.mean(axis=0) > 0.5, second.mean(axis=0) > 0.5) <= ALPHA


def _covers(world: World, effect: float, rng: np.random.Generator) -> bool:
    first, second = draw_hits(world, [0.0, effect], rng)[:, :, world.val_images :].astype(np.float64)
    return _holds(crossed_estimate(second - first).interval(), effect)


def _holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def verdicts(world: World, real: int, merged: int, rounds: int, rng: np.random.Generator) -> list[float]:
    """Rates in the order of the second table's columns."""
    rates = []
    for _ in range(rounds):
        equal = compare(draw_arms(world, real, merged, rng), seed=0)
        better = compare(draw_arms(world, real, merged, rng, GAIN), seed=0)
        uncorrected = [contest.estimate.p_value() <= ALPHA for contest in contests_of_chosen(equal)]
        corrected = [contest.outcome is not Outcome.NO_EFFECT for contest in contests_of_chosen(equal)]
        used = [comparison.use.kind is Kind.MERGED for comparison in (equal, better)]
        rates.append([any(uncorrected), any(corrected), *used])
    return np.mean(rates, axis=0).tolist()


def contests_of_chosen(comparison: Comparison) -> list[Contest]:
    """The contests that the verdict speaks of."""
    return comparison.contests_of(comparison.chosen) if comparison.chosen else []


if __name__ == "__main__":
    main()
