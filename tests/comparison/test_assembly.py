from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from augment.comparison.arms import Arm
from augment.comparison.assembly import guesses, score
from augment.comparison.release import kept
from augment.comparison.significance import ALPHA
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.results.arm_figures import ARM_FIGURES
from augment.results.figures import ArmFigure, Better, Over
from augment.results.kinds import ArmKind, Baseline, Effect, PartKind, Role
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import QUALITY, result_of

FIGURES = {figure.name: figure for figure in ARM_FIGURES}
REAL, MERGED = arm("real", "plain", random_hits(0.6, 0), 0.6), arm("merged", "plain", random_hits(0.9, 1), 0.9)


def grouped(one: Arm, groups: tuple[str, ...]) -> Arm:
    said = one.predictions
    truth = GroundTruth(classes=said.classes, labels=said.truth.labels, groups=groups)
    return replace(one, predictions=Predictions(truth, said.probabilities))


def lopsided(one: Arm, counts: tuple[int, int]) -> Arm:
    """Make every fourth image one of the second class."""
    said = one.predictions
    labels = (0, 0, 0, 1) * (len(said.truth.labels) // 4)
    probabilities = np.where(np.asarray(labels)[:, None] == 0, said.probabilities, said.probabilities[:, :, ::-1])
    predictions = Predictions(GroundTruth(classes=("a", "b"), labels=labels), probabilities)
    return replace(one, predictions=predictions, train_counts=np.asarray(counts))


def test_a_score_over_images_has_an_interval_within_the_ends_of_its_scale() -> None:
    few, many = np.eye(4)[:2], 1 - np.eye(4)[:2]  # a quarter and three quarters, on four images
    low, high = (score(arm("real", "plain", hits, 0.5), FIGURES["accuracy"]) for hits in (few, many))
    assert low.interval is not None
    assert high.interval is not None
    assert (low.mean, low.interval.low, high.interval.high) == (0.25, 0.0, 1.0)


def test_a_score_over_classes_is_that_of_the_worst_by_its_mean_over_runs() -> None:
    # Recalls of b: 1 and 0 in two runs; of c ½ and ½; of a 1 and 1; none of d, which has no images.
    truth = GroundTruth(classes=("a", "b", "c", "d"), labels=(0, 1, 2, 2))
    said = np.eye(4, dtype=np.float32)[np.asarray([[0, 1, 2, 0], [0, 0, 2, 0]])]
    one = replace(REAL, predictions=Predictions(truth, said))
    worst = score(one, FIGURES["lowest_recall"])
    assert (worst.mean, worst.class_name) == (0.5, "b")
    assert worst.std == pytest.approx(0.5**0.5)
    misses = ArmFigure("m", "misses", Better.LOWER, "m", measure=lambda _, said: said[0], over=Over.CLASSES)
    assert score(one, misses).class_name == "a"  # where lower is better, the highest is the worst


def test_val_accuracy_is_no_score_of_test() -> None:
    one = arm("real", "plain", np.ones((2, 4)), [0.5, 0.7])
    assert score(one, FIGURES["val_accuracy"]).mean == pytest.approx(0.6)
    assert score(one, FIGURES["accuracy"]).mean == 1.0


@pytest.mark.parametrize(
    ("classes", "each", "missed", "expected"),
    [
        (2, 6, 0, False),  # 12 of 12: 0.5¹² by guessing
        (2, 3, 0, False),  # 6 of 6, low end 1 - 0.025^(1/6) = 0.541
        (2, 2, 0, True),  # 4 of 4, low end 0.398
        (10, 2, 0, False),  # 20 of 20
        (2, 20, 7, True),  # 26 of 40
        (2, 20, 3, False),  # 34 of 40
    ],
)
def test_who_is_right_oftener_than_chance_does_not_guess(classes: int, each: int, missed: int, expected: bool) -> None:
    labels = np.arange(classes * each) % classes
    said = np.where(np.arange(len(labels)) < missed * classes, (labels + 1) % classes, labels)
    truth = GroundTruth(classes=tuple(map(str, range(classes))), labels=tuple(labels.tolist()))
    probabilities = np.repeat(np.eye(classes, dtype=np.float32)[said][None], 2, axis=0)
    assert guesses(replace(REAL, predictions=Predictions(truth, probabilities))) == expected


def test_the_record_holds_arms_comparisons_and_roles() -> None:
    result = result_of([REAL, MERGED])
    assert (result.dataset, result.classes, result.runs, result.test_images) == ("toys", ("a", "b"), 5, 400)
    assert (result.use.name, result.effect) == ("merged/plain", Effect.HELPS)
    assert result.reference is result.best_real is result.arms[0]
    assert result.arms[0].roles == {Role.REFERENCE, Role.BEST_REAL}
    assert result.arms[0].against == {}
    assert set(result.arms[1].against) == set(Baseline) - {Baseline.HARDEST_REAL}, "val has all cells that are asked"
    assert [each.arm for each in result.arms[1].compared] == ["real/plain"]
    assert set(result.arms[0].scores) == set(FIGURES)
    assert result.baselines == [Baseline.REFERENCE]
    assert result.verdict.startswith("Use the synthetic images")


def test_recall_before_and_after_is_told_of_tiers_and_classes() -> None:
    result = result_of([lopsided(REAL, (90, 3)), lopsided(MERGED, (90, 90))])
    names = [(part.kind, part.name) for part in result.parts]
    tiers, classes = [(PartKind.TIER, "head"), (PartKind.TIER, "tail")], [(PartKind.CLASS, "a"), (PartKind.CLASS, "b")]
    assert names == [*tiers, *classes]
    rare = result.parts[-1]
    assert (rare.test_images, rare.train_before, rare.train_after) == (100, 3, 90)
    assert rare.before == pytest.approx(0.6, abs=0.05)
    assert rare.after == pytest.approx(0.9, abs=0.05)
    assert rare.difference is not None
    assert rare.difference.mean == pytest.approx((rare.after or 0) - (rare.before or 0))
    assert rare.detected
    assert (rare.p_holm or 0.0) <= ALPHA


def test_a_part_with_one_test_image_has_no_difference() -> None:
    truth = GroundTruth(classes=("a", "b"), labels=(0,) * 399 + (1,))
    lonely = [replace(one, predictions=replace(one.predictions, truth=truth)) for one in (REAL, MERGED)]
    last = result_of(lonely).parts[-1]
    assert (last.test_images, last.difference, last.p_holm, last.detected) == (1, None, None, False)


def test_the_widest_gap_allows_for_the_choice_among_all_pairs_of_groups() -> None:
    # Three groups of 4 images, all hit in a, none in c, half in b, in every run. Means of images in the gap a - c: 1s
    # and 0s without spread; make one of c a hit: variance of c's image means 1/4, over 4 images a standard error of 1/4
    # with 3 degrees of freedom. Three pairs: t at 1 - 0.025/3, not at 97.5 %.
    hits = np.tile([1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0], (3, 1))
    groups = ("a",) * 4 + ("b",) * 4 + ("c",) * 4
    result = result_of([grouped(arm("real", "plain", hits, 0.5), groups)])
    assert result.gap is not None
    assert (result.gap.highest, result.gap.lowest, result.gap.pairs) == ("a", "c", 3)
    found = result.arms[0].gap
    assert found is not None
    assert found.change is None
    assert found.gap.mean == 0.75
    half = stats.t.ppf(1 - 0.025 / 3, 3) * 0.25
    assert found.gap.low == pytest.approx(0.75 - half)
    assert found.gap.high - found.gap.low > 2 * stats.t.ppf(0.975, 3) * 0.25 + 0.5


def test_the_change_of_a_gap_is_that_against_the_reference() -> None:
    groups = ("north",) * 4 + ("south",) * 4
    plain = grouped(arm("real", "plain", np.tile([1, 1, 1, 1, 1, 1, 1, 0], (3, 1)), 0.5), groups)
    wider = grouped(arm("merged", "plain", np.tile([1, 1, 1, 1, 1, 0, 0, 0], (3, 1)), 0.5), groups)
    result = result_of([plain, wider])
    found = result.arms[1].gap
    assert found is not None
    assert found.change is not None
    assert (found.gap.mean, found.change.mean) == (0.75, 0.5)
    # Changes of 1, 1, 0, 0 in the south: variance ⅓ over 4; t at 97.5 % with 3 degrees of freedom is 3.1824.
    assert (found.change.low, found.change.high) == pytest.approx((-0.418697, 1.418697), abs=1e-5)


def test_without_groups_there_is_no_gap() -> None:
    result = result_of([REAL, MERGED])
    assert result.gap is None
    assert {arm.gap for arm in result.arms} == {None}


def test_a_release_keeps_a_share_of_the_accuracy() -> None:
    # Right on 8 and on 4 of 10 images in every run: half of the accuracy is kept. Only images vary: the mean of
    # (a - b/2) / 0.8 has image values 0.625 (4 images), -0.625 (4) and 0 (2), variance 3.125/9 = 0.3472, over 10
    # a standard error of 0.18634; t at 97.5 % with 9 degrees of freedom is 2.2622.
    real = np.tile([1.0] * 8 + [0.0] * 2, (3, 1))
    synthetic = np.tile([1.0] * 4 + [0.0] * 6, (3, 1))
    found = kept(arm("synthetic", "plain", synthetic, 0.5), arm("real", "plain", real, 0.5))
    assert found.ratio.mean == pytest.approx(0.5)
    assert found.ratio.high - found.ratio.low == pytest.approx(2 * 2.2622 * 0.18634, abs=1e-4)
    assert found.difference.mean == pytest.approx(-0.4)


def test_what_a_release_keeps_is_told_against_the_best_real_arm() -> None:
    better, synthetic = (
        arm("real", "strong", random_hits(0.8, 3), 0.8),
        arm("synthetic", "plain", random_hits(0.5, 2), 0.5),
    )
    assert result_of([REAL, better, synthetic]).kept == kept(synthetic, better)
    assert result_of([REAL, better]).kept is None


def test_failed_checks_and_figures_of_synthesizers_are_taken_over() -> None:
    result = result_of([REAL], {"gan": QUALITY | {"failed_checks": 1, "failures": ["class 0: it repeats itself"]}})
    (made,) = result.synthesizers
    assert made.failures == ("class 0: it repeats itself",)
    assert made.figures["failed_checks"].value == 1
    assert made.figures["frechet_distance"].real_reference == 1.5


def test_an_empty_mix_is_a_kind_of_its_own() -> None:
    empty = replace(arm("merged", "plain", random_hits(0.95, 7), 0.99), kind=ArmKind.EMPTY_MIX)
    result = result_of([REAL, empty])
    assert result.arms[1].kind is ArmKind.EMPTY_MIX
    assert (result.chosen, result.use.name) == (None, "real/plain")
