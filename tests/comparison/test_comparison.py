from dataclasses import replace

import numpy as np
import pytest

from augment.comparison.comparison import compare
from augment.comparison.paired import paired_comparisons
from augment.comparison.significance import holm
from augment.core.errors import DataError
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.results.kinds import ArmKind, Baseline, Effect, Role
from tests.comparison.simulated import arm, random_hits


def test_arms_are_chosen_by_val_and_never_by_test() -> None:
    comparison = compare(
        [
            arm("real", "plain", random_hits(0.5, 0), 0.9),
            arm("real", "classical", random_hits(0.99, 1), 0.8),
            arm("merged", "plain", random_hits(0.5, 2), 0.7),
            arm("merged", "classical", random_hits(0.99, 3), 0.6),
            arm("synthetic", "plain", random_hits(0.5, 4), 0.5),
            arm("synthetic", "classical", random_hits(0.99, 5), 0.4),
        ],
        seed=0,
    )
    assert comparison.best_real is comparison.reference is comparison.arms[0]
    assert comparison.chosen is comparison.arms[2]
    assert comparison.released is comparison.arms[4]


def test_synthetic_only_is_no_candidate_for_merging() -> None:
    comparison = compare(
        [arm("real", "plain", random_hits(0.5, 0), 0.5), arm("synthetic", "plain", random_hits(0.9, 1), 0.9)], seed=0
    )
    assert comparison.chosen is None
    assert comparison.use is comparison.reference


def test_a_control_is_compared_but_never_taken_for_synthesis() -> None:
    control = arm("control", "plain", random_hits(0.9, 1), 0.9)
    comparison = compare([arm("real", "plain", random_hits(0.5, 0), 0.5), control], seed=0)
    assert comparison.against[Baseline.REFERENCE][control.name].effect is Effect.HELPS
    assert comparison.chosen is comparison.released is None
    assert comparison.use is comparison.reference


def test_the_product_is_the_merged_arm_only_if_it_beats_the_best_real_one() -> None:
    plain, classical = arm("real", "plain", random_hits(0.6, 0), 0.6), arm("real", "best", random_hits(0.9, 1), 0.9)
    merged = arm("merged", "plain", random_hits(0.9, 2), 0.95)
    assert compare([plain, merged], seed=0).use is merged
    assert compare([plain, classical, merged], seed=0).use is classical


def test_a_better_recipe_is_not_taken_for_synthesis() -> None:
    plain = arm("real", "plain", random_hits(0.6, 0), 0.9)  # best on val by chance
    classical = arm("real", "classical", random_hits(0.9, 1), 0.8)
    merged = arm("merged", "classical", random_hits(0.9, 2), 0.95)
    comparison = compare([plain, classical, merged], seed=0)
    assert comparison.best_real is plain
    found = comparison.comparisons_of(merged)
    assert found[Baseline.REFERENCE] is found[Baseline.BEST_REAL]
    assert (found[Baseline.BEST_REAL].baseline, found[Baseline.SAME_RECIPE].baseline) == (plain, classical)
    effects = (Effect.HELPS, Effect.NO_EFFECT)
    assert (found[Baseline.BEST_REAL].effect, found[Baseline.SAME_RECIPE].effect) == effects
    assert (comparison.use, comparison.effect) == (plain, Effect.NO_EFFECT)


def test_a_worse_recipe_is_not_held_against_synthesis() -> None:
    best = arm("real", "classical", random_hits(0.9, 0), 0.95)
    plain, merged = (arm(name, "plain", random_hits(0.6, seed), 0.9) for seed, name in enumerate(("real", "merged"), 1))
    comparison = compare([plain, best, merged], seed=0)
    found = comparison.comparisons_of(merged)
    effects = (Effect.HURTS, Effect.NO_EFFECT)
    assert (found[Baseline.BEST_REAL].effect, found[Baseline.SAME_RECIPE].effect) == effects
    assert (comparison.use, comparison.effect) == (best, Effect.NO_EFFECT)
    worse = arm("merged", "plain", random_hits(0.3, 2), 0.9)
    assert compare([plain, best, worse], seed=0).effect is Effect.HURTS


def test_of_equals_on_val_the_arm_with_the_recipe_of_the_best_real_one_is_chosen() -> None:
    real = [arm("real", recipe, random_hits(0.8, 0), val) for recipe, val in (("plain", 0.7), ("best", 0.8))]
    merged = [arm("merged", recipe, random_hits(0.8, 1), val) for recipe, val in (("plain", 0.9), ("best", 0.9))]
    assert compare([*real, *merged], seed=0).chosen is merged[1]


def test_a_mix_that_nothing_was_added_to_is_neither_the_reference_nor_taken_for_its_equal() -> None:
    plain = arm("real", "plain", random_hits(0.8, 0), 0.8)
    empty = replace(arm("merged", "plain", random_hits(0.8, 0), 0.8), kind=ArmKind.EMPTY_MIX)
    comparison = compare([empty, plain], seed=0)
    assert comparison.reference is comparison.best_real is comparison.use is plain
    with pytest.raises(DataError, match="expected an arm that trains on real images alone"):
        compare([empty], seed=0)


def test_arms_that_never_differ_tell_no_smallest_effect() -> None:
    plain, merged = arm("real", "plain", np.ones((2, 20)), 1.0), arm("merged", "plain", np.ones((2, 20)), 1.0)
    comparison = compare([plain, merged], seed=0)
    found = comparison.comparisons_of(merged)[Baseline.REFERENCE].result()
    assert (found.p, found.effect, found.smallest_effect) == (1.0, Effect.NO_EFFECT, None)
    assert set(found.seeds_for.values()) == {None}


def test_an_arm_is_compared_once_where_the_reference_is_the_best_real_arm() -> None:
    plain, merged = arm("real", "plain", random_hits(0.6, 0), 0.6), arm("merged", "plain", random_hits(0.9, 2), 0.9)
    comparison = compare([plain, merged], seed=0)
    assert comparison.baselines == [plain]
    assert {compared.baseline.name for compared in comparison.comparisons_of(merged).values()} == {plain.name}
    assert comparison.comparisons_of(plain) == {}


def test_arms_that_saw_other_test_images_or_runs_are_not_compared() -> None:
    plain, merged = arm("real", "plain", np.ones((3, 4)), 0.5), arm("merged", "plain", np.ones((3, 4)), 0.5)
    with pytest.raises(DataError, match="arm merged/plain: expected 3 runs, as real/plain has, found 2"):
        compare([plain, arm("merged", "plain", np.ones((2, 4)), 0.5)], seed=0)
    others = GroundTruth(classes=("a", "b"), labels=(0, 0, 0, 1))
    moved = replace(merged, predictions=Predictions(others, merged.predictions.probabilities))
    with pytest.raises(DataError, match="merged/plain: its test images are not those of real/plain"):
        compare([plain, moved], seed=0)
    with pytest.raises(DataError, match="expected an arm that trains on real images alone"):
        compare([merged], seed=0)


def test_holm_corrects_over_the_arms_of_a_kind_and_no_others() -> None:
    baseline = arm("real", "plain", random_hits(0.80, 0), 0.5)
    merged = [arm("merged", f"r{k}", random_hits(0.80 + k / 100, k + 1), 0.5) for k in range(4)]
    other = arm("synthetic", "plain", random_hits(0.78, 9), 0.5)
    found = paired_comparisons([(each, baseline) for each in (*merged, other)], seed=0)
    expected = holm(np.asarray([found[each.name].estimate.p_value() for each in merged]))
    assert [found[each.name].p_holm for each in merged] == pytest.approx(expected)
    assert [found[each.name].family for each in merged] == [4] * 4
    assert found[other.name].p_holm == found[other.name].estimate.p_value()


def test_an_interval_without_zero_is_no_effect_yet_where_many_arms_were_tried() -> None:
    baseline = arm("real", "plain", random_hits(0.80, 0), 0.5)
    better = arm("merged", "better", random_hits(0.85, 1), 0.5)
    alone = paired_comparisons([(better, baseline)], seed=0)[better.name]
    assert (alone.estimate.interval().low > 0, alone.effect) == (True, Effect.HELPS)
    many = [arm("merged", f"r{k}", random_hits(0.80, k + 10), 0.5) for k in range(12)]
    among = paired_comparisons([(each, baseline) for each in (better, *many)], seed=0)[better.name]
    assert among.estimate == alone.estimate
    assert among.effect is Effect.NO_EFFECT
    assert (among.smallest_effect or 0.0) > (alone.smallest_effect or 1.0)


def test_a_comparison_says_the_same_whatever_other_arms_run() -> None:
    baseline, one = arm("real", "plain", random_hits(0.8, 0), 0.5), arm("merged", "one", random_hits(0.82, 1), 0.5)
    other = arm("synthetic", "plain", random_hits(0.7, 2), 0.5)
    alone = paired_comparisons([(one, baseline)], seed=0)[one.name]
    together = paired_comparisons([(other, baseline), (one, baseline)], seed=0)[one.name]
    assert alone.result() == together.result()


def test_all_tests_of_a_comparison_agree_on_a_plain_difference() -> None:
    baseline, better = arm("real", "plain", random_hits(0.6, 0), 0.5), arm("merged", "plain", random_hits(0.9, 1), 0.5)
    found = paired_comparisons([(better, baseline)], seed=0)[better.name].result()
    assert found.effect is Effect.HELPS
    assert max(found.p, found.p_holm, found.p_sign_flip, found.p_mcnemar or 0.0) < 0.05
    assert found.bootstrap.low > 0 < found.difference.low
    assert (found.smallest_effect or 1.0) < found.difference.mean
    assert (found.seeds_for["0.02"] or 1000) <= (found.seeds_for["0.01"] or 1000)


def test_an_arm_may_play_several_parts() -> None:
    plain, merged = arm("real", "plain", random_hits(0.6, 0), 0.6), arm("merged", "plain", random_hits(0.9, 2), 0.9)
    comparison = compare([plain, merged], seed=0)
    assert comparison.roles_of(plain) == {Role.REFERENCE, Role.BEST_REAL}
    assert comparison.roles_of(merged) == {Role.CHOSEN, Role.USE}
