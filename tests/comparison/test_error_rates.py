"""Simulated comparisons, of which the truth is known. benchmarks/error_rates.py does more of them, at more settings."""

import numpy as np
import pytest

from augment.comparison.comparison import compare
from augment.comparison.intervals import crossed_estimate
from augment.comparison.significance import sign_flip_p
from augment.results.kinds import Baseline, Effect
from tests.comparison.simulated import WORLDS, World, draw_arms, draw_difference

ROUNDS = 600
LEAST = 0.95 - 2 * (0.95 * 0.05 / ROUNDS) ** 0.5
"""95 % less two standard errors of so many rounds: 93.2 %."""


@pytest.mark.parametrize("effect", [0.0, 0.03])
@pytest.mark.parametrize("name", ["450 scarce images", "runs dominate", "images dominate", "10 seeds"])
def test_the_interval_holds_the_truth_as_often_as_it_says(name: str, effect: float) -> None:
    rng = np.random.default_rng(1)
    world = World(**vars(WORLDS[name]) | {"val_images": 1, "images": min(WORLDS[name].images, 600)})
    intervals = [crossed_estimate(draw_difference(world, effect, rng)).interval() for _ in range(ROUNDS)]
    covered = np.mean([interval.low <= effect <= interval.high for interval in intervals])
    assert LEAST <= covered <= 0.99  # caution is meant, timidity is not


@pytest.mark.parametrize("name", ["450 scarce images", "runs dominate", "images dominate", "2 seeds"])
def test_the_verdict_sees_an_effect_where_there_is_none_in_at_most_6_of_100_comparisons(name: str) -> None:
    """Two real and four merged arms, equally good; best real arm and candidate are chosen on val, two baselines."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(1000):
        comparison = compare(draw_arms(WORLDS[name], 2, 4, rng), seed=0)
        assert comparison.chosen is not None
        effects = {compared.effect for compared in comparison.comparisons_of(comparison.chosen).values()}
        wrong += effects != {Effect.NO_EFFECT}
    assert wrong <= 60


def test_the_worth_of_a_recipe_is_seldom_taken_for_that_of_synthesis() -> None:
    rng = np.random.default_rng(0)
    world = World(images=2000, val_images=30)
    drawn = [compare(draw_arms(world, 3, 3, rng, recipes=(0.0, 0.03, 0.04)), seed=0) for _ in range(200)]
    beaten = [
        each.against[Baseline.BEST_REAL][each.chosen.name].effect is Effect.HELPS for each in drawn if each.chosen
    ]
    assert sum(beaten) > 15  # what the comparison with the best real arm alone would let through
    assert sum(each.use is each.chosen for each in drawn) <= 9  # 2.5 % and two standard errors


def test_the_verdict_sees_a_large_effect() -> None:
    rng = np.random.default_rng(0)
    seen = [compare(draw_arms(World(), 1, 2, rng, effect=0.08), seed=0) for _ in range(100)]
    assert np.mean([comparison.use is comparison.chosen for comparison in seen]) > 0.9


@pytest.mark.parametrize("name", ["450 scarce images", "runs dominate", "2 seeds"])
def test_the_sign_flips_see_an_effect_where_there_is_none_in_at_most_6_of_100_comparisons(name: str) -> None:
    rng = np.random.default_rng(0)
    world = World(**vars(WORLDS[name]) | {"val_images": 1, "images": 400})
    p_values = [sign_flip_p(draw_difference(world, 0.0, rng), rng, flips=499) for _ in range(1000)]
    assert np.mean(np.asarray(p_values) <= 0.05) <= 0.06
