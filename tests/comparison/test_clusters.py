"""Groups of test images as the unit of intervals and tests."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from augment.comparison.asked import difference_table, find_asked
from augment.comparison.assembly import assemble, guesses
from augment.comparison.clusters import group_table
from augment.comparison.comparison import compare
from augment.comparison.intervals import crossed_contrast, crossed_estimate, table_estimate
from augment.comparison.paired import paired_comparisons
from augment.comparison.power import Spread, seeds_needed, spread
from augment.comparison.release import kept
from augment.comparison.significance import sign_flip_p
from augment.comparison.subgroups import recall_table
from augment.core.endpoints import contrast
from augment.core.images import IntArray
from augment.core.seeding import numpy_generator
from augment.results.kinds import ArmKind, Baseline, Effect
from tests.comparison.simulated import (
    CELLS,
    UNEVEN,
    WORLDS,
    World,
    arm,
    arm_in_cells,
    draw_arms,
    draw_difference,
    group_numbers,
    random_hits,
    truth_in_cells,
)

HITS = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def dealt(sizes: list[int]) -> IntArray:
    return np.repeat(np.arange(len(sizes)), sizes)


def test_two_uneven_groups_match_a_hand_worked_estimate() -> None:
    # Images 1 | 0, 0, 2 of mean 3/4: groups deviate by +1/4 and -1/4 in sum, and hold 1/4 and 3/4 of the images. CR2 is
    # (1/4)²·((1/16)/(3/4) + (1/16)/(1/4)) = 1/48. Two deviations that add up to 0 are one: a single degree of freedom.
    found = crossed_contrast([np.asarray([[1.0, 0.0, 0.0, 2.0]] * 3)], [1.0], units=[dealt([1, 3])])
    assert (found.mean, found.error, found.freedom) == pytest.approx((0.75, 48**-0.5, 1.0))


def test_even_groups_are_a_sample_of_their_means() -> None:
    # Means 0, 1 and 2 of variance 1, over 3; and G - 1 degrees of freedom, however alike images of a group are.
    found = crossed_contrast([np.asarray([[-1.0, 1.0, 1.0, 1.0, 1.0, 3.0]] * 2)], [1.0], units=[dealt([2, 2, 2])])
    assert (found.mean, found.error, found.freedom) == pytest.approx((1.0, 3**-0.5, 2.0))


def residual_maker(blocks: list[IntArray]) -> np.ndarray:
    """Give I - H of a regression on one dummy variable a block, each a list of groups."""
    block = np.repeat(np.arange(len(blocks)), [len(each) for each in blocks])
    return np.eye(len(block)) - (block[:, None] == block) / np.bincount(block)[block]


def inverse_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(values**-0.5) @ vectors.T


def of_groups(blocks: list[IntArray], weights: list[float]) -> np.ndarray:
    """Write what each group adds as a matrix that residuals are multiplied by, G×N, as Bell and McCaffrey do."""
    units, made = np.concatenate(blocks), residual_maker(blocks)
    pairs = zip(blocks, weights, strict=True)
    per_image = np.concatenate([np.full(len(each), weight / len(each)) for each, weight in pairs])
    found = np.zeros((1 + units.max(), len(units)))
    for group in np.unique(units):
        own = np.flatnonzero(units == group)
        found[group, own] = per_image[own] @ inverse_root(made[np.ix_(own, own)])
    return found


SIZES = st.lists(st.integers(1, 5), min_size=2, max_size=6)


@given(HITS, SIZES, SIZES, st.floats(-2, 2))
def test_the_variance_of_groups_is_that_of_the_method_in_matrices(
    rng: np.random.Generator, sizes: list[int], others: list[int], weight: float
) -> None:
    blocks = [dealt(sizes), dealt(others)]
    assume(all(len(each) > 1 for each in blocks) and abs(weight) > 0.01)
    values = [rng.normal(size=(3, len(each))) for each in blocks]
    images = np.concatenate([each.mean(axis=0) for each in values])
    added = of_groups(blocks, [1.0, weight]) @ residual_maker(blocks) @ images
    found = group_table([(1.0, values[0]), (weight, values[1])], blocks)
    columns = found.values.mean(axis=0)
    assert columns.var(ddof=1) / len(columns) == pytest.approx(np.sum(added**2))
    of_runs = values[0].mean(axis=1) + weight * values[1].mean(axis=1)
    assert found.values.mean(axis=1) == pytest.approx(of_runs)


@given(HITS, SIZES)
def test_the_degrees_of_freedom_are_those_of_the_method_in_matrices(rng: np.random.Generator, sizes: list[int]) -> None:
    units = dealt(sizes)
    groups, images, same = len(sizes), len(units), units[:, None] == units
    assume(images > groups)
    values = rng.normal(size=(2, images)) + 2 * rng.normal(size=groups)[units]
    means = values.mean(axis=0)
    by_group = np.asarray([means[units == group].mean() for group in range(groups)])
    between = float(np.sum(np.asarray(sizes) * (by_group - means.mean()) ** 2)) / (groups - 1)
    within = float(np.sum((means - by_group[units]) ** 2)) / (images - groups)
    shared = max(0.0, (between - within) / ((images - np.sum(np.square(sizes)) / images) / (groups - 1)))
    alike = shared / (shared + within)
    covariance = np.where(same, alike, 0.0) + (1 - alike) * np.eye(images)
    added = of_groups([units], [1.0]) @ residual_maker([units])
    matrix = added @ covariance @ added.T
    assert group_table([(1.0, values)], [units]).freedom == pytest.approx(np.trace(matrix) ** 2 / np.sum(matrix**2))


@given(HITS, st.integers(4, 9), st.integers(4, 9))
def test_one_image_a_group_is_what_images_are(rng: np.random.Generator, images: int, others: int) -> None:
    blocks = [rng.integers(-1, 2, (3, count)).astype(float) for count in (images, others)]
    units = [rng.permutation(images), images + rng.permutation(others)]
    assume(all(crossed_estimate(each).error > 1e-6 for each in blocks))
    for number in (1, 2):
        found = crossed_contrast(blocks[:number], [1.0, -0.5][:number], units=units[:number])
        expected = crossed_contrast(blocks[:number], [1.0, -0.5][:number])
        assert vars(found) == pytest.approx(vars(expected))
    table = group_table([(1.0, blocks[0]), (-0.5, blocks[1])], units).values
    alike = contrast([(1.0, blocks[0]), (-0.5, blocks[1])])
    assert table[:, np.concatenate(units)] == pytest.approx(alike)


@given(HITS, st.integers(4, 9), st.integers(2, 5))
def test_an_image_many_times_is_one_image(rng: np.random.Generator, images: int, copies: int) -> None:
    values = rng.integers(-1, 2, (3, images)).astype(float)
    units = np.arange(images).repeat(copies)
    found = crossed_contrast([values.repeat(copies, axis=1)], [1.0], units=[units])
    assert vars(found) == pytest.approx(vars(crossed_estimate(values)))


@given(HITS, SIZES)
def test_the_order_of_images_and_the_names_of_groups_change_nothing(rng: np.random.Generator, sizes: list[int]) -> None:
    units = dealt(sizes)
    values = rng.normal(size=(3, len(units)))
    order, names = rng.permutation(len(units)), rng.permutation(100)[: len(sizes)]
    found = crossed_contrast([values[:, order]], [1.0], units=[names[units[order]]])
    assert vars(found) == pytest.approx(vars(crossed_contrast([values], [1.0], units=[units])))


def test_groups_that_fare_alike_are_as_sure_as_so_many_images() -> None:
    """In each group one of five is right: no spread between four groups, whatever rounding makes of a fifth."""
    values = np.asarray([[1.0, 0.0, 0.0, 0.0, 0.0] * 4] * 3)
    found = crossed_contrast([values], [1.0], span=1.0, units=[dealt([5] * 4)])
    assert (found.error, found.images) == (0.0, 4)
    assert found.interval().low == pytest.approx(1 / 5 - (1 - 0.025**0.25))


def test_of_a_single_group_the_images_are_the_sample() -> None:
    values = random_hits(0.7, 0, (5, 40))
    alone, expected = crossed_contrast([values], [1.0], units=[dealt([40])]), crossed_estimate(values)
    assert vars(alone) == pytest.approx(vars(expected))
    blocks, units = [values, random_hits(0.6, 1, (5, 30))], [dealt([40]), 7 + dealt([10, 10, 10])]
    both = crossed_contrast(blocks, [0.5, 0.5], units=units)
    of_images = crossed_contrast(blocks, [0.5, 0.5], units=[np.arange(40), 70 + dealt([10, 10, 10])])
    assert vars(both) == pytest.approx(vars(of_images))


@pytest.mark.parametrize(("groups", "freedom"), [(2, 1.0), (3, 2.0)])
def test_two_or_three_groups_that_are_alike_by_chance_lend_runs_no_certainty(groups: int, freedom: float) -> None:
    values = np.arange(5.0)[:, None] + 0.01 * np.arange(60)
    assert crossed_contrast([values], [1.0], units=[dealt([60 // groups] * groups)]).freedom == pytest.approx(freedom)
    assert crossed_contrast([values], [1.0], units=[dealt([15] * 4)]).freedom > 3.5


PAIR = [
    arm(name, "plain", random_hits(accuracy, 3, (5, 60)), 0.5) for name, accuracy in (("merged", 0.9), ("real", 0.6))
]


def test_all_that_is_said_of_two_arms_counts_groups() -> None:
    units = dealt([15] * 4)
    [found] = paired_comparisons([(PAIR[0], PAIR[1])], 0, units=units).values()
    of_images = paired_comparisons([(PAIR[0], PAIR[1])], 0)[found.arm.name]
    assert found.estimate == table_estimate(found.table)
    assert (found.table.values.shape, found.estimate.images) == ((5, 4), 4)
    assert found.estimate.mean == pytest.approx(of_images.estimate.mean)
    assert found.p_mcnemar is None
    assert of_images.p_mcnemar is not None
    # Four groups have 16 flips, but runs flip too; the gain is far beyond either.
    assert found.p_sign_flip > of_images.p_sign_flip
    assert found.result().bootstrap.mean == pytest.approx(found.estimate.mean)
    [uneven] = paired_comparisons([(PAIR[0], PAIR[1])], 0, units=dealt([48, 6, 6])).values()
    assert (uneven.smallest_effect or 0) > (of_images.smallest_effect or 1)
    table = uneven.table
    rng = numpy_generator(0, "sign flips", uneven.arm.name, uneven.baseline.name)
    assert uneven.p_sign_flip == sign_flip_p(table.values, rng, shares=table.shares)
    heeded = replace(spread(table.values), freedom=table.freedom, most=table.most)
    assert table.most == table.freedom < 2
    needed = [[seeds_needed(each, effect) for effect in (0.1, 0.2)] for each in (heeded, spread(table.values))]
    assert [uneven.seeds_for(effect) for effect in (0.1, 0.2)] == needed[0] != needed[1]


def test_the_runs_needed_heed_how_little_few_groups_can_tell() -> None:
    of_groups_alone = Spread(run=0.001, image=0.0004, residual=0.0, runs=5, images=3)
    # Standard error √(0.0004 / 3) = 0.0115 of groups alone: t 4.303 + 1.061 at 2 degrees of freedom make 0.062.
    few = Spread(**vars(of_groups_alone) | {"freedom": 2.0, "most": 2.0})
    assert seeds_needed(few, 0.061) is None
    assert (seeds_needed(few, 0.08) or 0) > (seeds_needed(of_groups_alone, 0.08) or 1000)


def test_an_endpoint_over_classes_counts_the_groups_of_each() -> None:
    labels = np.asarray(UNEVEN.labels)
    one, other = (
        arm_in_cells(name, random_hits(0.7, k, (4, 160)), UNEVEN) for k, name in enumerate(("merged", "real"))
    )
    asked, units = find_asked("balanced_accuracy", UNEVEN, CELLS), np.arange(160) // 8
    gains = one.predictions.hits - other.predictions.hits
    blocks = [np.flatnonzero(labels == k) for k in (0, 1)]
    expected = crossed_contrast([gains[:, rows] for rows in blocks], [0.5, 0.5], units=[units[rows] for rows in blocks])
    found = table_estimate(difference_table(one, other, asked, units))
    assert vars(found) == pytest.approx(vars(expected))
    assert found.images == 9  # 72 images of the one class, 8 a group


@pytest.mark.parametrize("endpoint", ["cells", "worst_group", "rare_cells"])
def test_an_endpoint_of_groups_is_about_these_very_groups(endpoint: str) -> None:
    arms = [arm_in_cells(name, random_hits(0.7, k, (4, 160)), UNEVEN) for k, name in enumerate(("real", "merged"))]
    units = UNEVEN.group_numbers()
    found, expected = (compare(arms, 0, endpoint, each).against[Baseline.REFERENCE] for each in (units, None))  # type: ignore[arg-type]
    assert found["merged/plain"].result() == expected["merged/plain"].result()


def test_parts_and_figures_of_an_arm_count_groups_where_more_than_one_can_be_told_of() -> None:
    arms = [arm_in_cells(name, random_hits(0.7, k, (4, 160)), UNEVEN) for k, name in enumerate(("real", "merged"))]
    gains = arms[1].predictions.hits - arms[0].predictions.hits
    units = UNEVEN.group_numbers()
    assert units is not None
    before, after = (recall_table(arms[1:], arms[:1], arms[0], each) for each in (None, units))
    same = before["kind"].isin(["group", "cell"])
    pd.testing.assert_frame_equal(before[same], after[same])
    of_class = after[(after["kind"] == "class") & (after["name"] == "x")].iloc[0]
    expected = crossed_contrast([gains[:, :72]], [1.0], units=[units[:72]]).interval()
    assert (of_class["low"], of_class["high"]) == pytest.approx((expected.low, expected.high))
    result = assemble("toys", compare(arms, 0, units=units), {})
    accuracy = result.arms[0].scores["accuracy"].interval
    wide = crossed_contrast([arms[0].predictions.hits], [1.0], span=1.0, units=[units]).interval()
    assert accuracy is not None
    assert (accuracy.low, accuracy.high) == (max(0.0, wide.low), min(1.0, wide.high))
    assert (result.test_groups, result.over_groups) == (2, True)
    ratio = kept(arms[1], arms[0], units).ratio
    assert ratio.mean == kept(arms[1], arms[0]).ratio.mean
    assert ratio.high > kept(arms[1], arms[0]).ratio.high


def test_who_is_right_in_few_groups_alone_may_be_guessing() -> None:
    """Right of 70 in 100 images: of 100 groups that is no chance, of two it may well be."""
    hits = np.zeros((4, 100))
    hits[:, np.arange(100) % 10 < 7] = 1
    truth = truth_in_cells({(0, "a"): 50, (1, "a"): 50})
    one = arm_in_cells("real", hits, truth)
    assert not guesses(one)
    assert guesses(one, np.arange(100) // 5 % 2)
    assert not guesses(one, np.arange(100) // 5)
    judged = assemble("toys", compare([one], 0, units=np.arange(100) // 5 % 2), {})
    assert judged.arms[0].guesses


GROUPED = World(**vars(WORLDS["images dominate"]) | {"groups": 10, "alike": 0.3, "uneven": True, "images": 300})


def test_groups_are_dealt_as_the_world_says() -> None:
    assert np.bincount(group_numbers(100, 4, uneven=False)).tolist() == [25] * 4
    sizes = np.bincount(GROUPED.units())
    assert (len(sizes), int(sizes.sum()), int(sizes.argmax())) == (10, 300, 9)
    assert sizes.max() > 5 * sizes.min() > 0


@pytest.mark.parametrize("groups", [3, 10])
def test_the_interval_over_groups_holds_the_truth_where_that_over_images_does_not(groups: int) -> None:
    rng = np.random.default_rng(0)
    world = World(**vars(GROUPED) | {"val_images": groups, "groups": groups})
    held = []
    for _ in range(400):
        values = draw_difference(world, 0.03, rng)
        both = crossed_contrast([values], [1.0], units=[world.units()]), crossed_estimate(values)
        held.append([each.interval().low <= 0.03 <= each.interval().high for each in both])
    over_groups, over_images = np.mean(held, axis=0)
    assert over_groups >= 0.95 - 2 * (0.95 * 0.05 / 400) ** 0.5
    assert over_images < 0.6


def test_sign_flips_of_uneven_groups_raise_few_false_alarms() -> None:
    rng = np.random.default_rng(0)
    world = World(**vars(GROUPED) | {"val_images": 10})
    tables = [group_table([(1.0, draw_difference(world, 0.0, rng))], [world.units()]) for _ in range(400)]
    assert np.mean([sign_flip_p(table.values, rng, 299, table.shares) <= 0.05 for table in tables]) <= 0.06
    assert tables[0].shares == pytest.approx(np.bincount(world.units()) / world.images)


def test_no_verdict_of_a_gain_for_nothing_where_images_of_a_group_are_alike() -> None:
    rng = np.random.default_rng(0)
    helped = {"images": 0, "groups": 0}
    for _ in range(120):
        arms = draw_arms(GROUPED, 2, 2, rng)
        helped["images"] += compare(arms, seed=0).effect is Effect.HELPS
        helped["groups"] += compare(arms, seed=0, units=GROUPED.units()).use.kind is ArmKind.MERGED
    assert helped["groups"] <= 6
    assert helped["images"] > 12
