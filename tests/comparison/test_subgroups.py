from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.comparison.arms import Arm
from augment.comparison.intervals import crossed_estimate
from augment.comparison.significance import holm
from augment.comparison.subgroups import LOPSIDED, estimate_in, mean_in, recall_table, subsets, tiers, widest_gap
from augment.evaluation.predictions import GroundTruth, Predictions
from augment.results.kinds import ArmKind
from augment.results.wording import cell_name
from tests.comparison.simulated import arm_in_cells, truth_in_cells

COUNTS = np.asarray([500, 50, 5], dtype=np.int64)
LABELS = np.repeat(np.arange(3), [6, 4, 2])
GROUPS = tuple("ab" * 6)


def truth_of(labels: Sequence[int], groups: tuple[str, ...] | None) -> GroundTruth:
    return GroundTruth(classes=("many", "some", "few"), labels=tuple(labels), groups=groups)


def lopsided(train_set: str, hits: np.ndarray, groups: tuple[str, ...] | None = GROUPS) -> Arm:
    """Make an arm of three classes, 6, 4 and 2 test images; a miss says the next class."""
    predicted = np.where(hits, LABELS, (LABELS + 1) % 3)
    predictions = Predictions(truth_of(LABELS.tolist(), groups), np.eye(3, dtype=np.float32)[predicted])
    return Arm(train_set, "plain", ArmKind(train_set), np.zeros(len(hits)), predictions, COUNTS)


def hits_of(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((4, 12)) < 0.7


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # 500 → 5 is cut at 5·100^⅓ = 23.2 and 5·100^⅔ = 107.7.
        ([500, 300, 108, 107, 24, 23, 5], {"head": [0, 1, 2], "middle": [3, 4], "tail": [5, 6]}),
        ([500, 500, 5], {"head": [0, 1], "tail": [2]}),
        ([29, 10, 20], {}),
        ([0, 8], {"head": [1], "tail": [0]}),
        ([7, 7], {}),
    ],
)
def test_tiers_cut_the_range_of_counts_into_equal_ratios(counts: list[int], expected: dict[str, list[int]]) -> None:
    assert {name: members.tolist() for name, members in tiers(np.asarray(counts)).items()} == expected


@given(st.lists(st.integers(1, 2000), min_size=2, max_size=20))
def test_tiers_part_all_classes_by_their_counts(counts: list[int]) -> None:
    found = tiers(np.asarray(counts))
    if max(counts) / min(counts) < LOPSIDED:
        assert found == {}
        return
    assert sorted(np.concatenate(list(found.values())).tolist()) == list(range(len(counts)))
    ordered = [np.asarray(counts)[members] for members in found.values()]
    assert all(more.min() > less.max() for more, less in pairwise(ordered))


def test_every_class_tier_and_group_is_a_subset() -> None:
    names = [(part.kind, part.name, part.images) for part in subsets(lopsided("real", hits_of(0)))]
    classes = [("class", "many", 6), ("class", "some", 4), ("class", "few", 2)]
    groups = [("group", "a", 6), ("group", "b", 6)]
    cells = [("cell", f"{name} in {group}", images // 2) for _, name, images in classes for group in "ab"]
    assert names == [*classes, ("tier", "head", 6), ("tier", "middle", 4), ("tier", "tail", 2), *groups, *cells]


def test_a_tier_speaks_of_classes_with_images_enough_and_else_of_what_it_has() -> None:
    labels = [0, 0, 0, 1, 1, 2, 3]
    truth = GroundTruth(classes=tuple("abcd"), labels=tuple(labels), groups=None)
    predictions = Predictions(truth, np.eye(4, dtype=np.float32)[np.asarray([labels, labels])])
    arm = Arm("real", "plain", ArmKind.REAL, np.zeros(2), predictions, np.asarray([500, 50, 40, 5]))
    found = recall_table([arm], [arm], arm).query("kind == 'tier'").set_index("name")
    assert found["test_images"].to_dict() == {"head": 3, "middle": 2, "tail": 1}
    assert found["train_images"].to_dict() == {"head": 500, "middle": 50, "tail": 5}
    assert found["recall"].to_dict() == {"head": 1.0, "middle": 1.0, "tail": 1.0}


def test_classes_of_a_tier_count_alike_however_many_images_they_have() -> None:
    even = replace(lopsided("real", hits_of(0)), train_counts=np.asarray([9, 9, 1]))
    (head,) = [part for part in subsets(even) if part.name == "head"]
    hits = np.zeros((2, 12))
    hits[:, :6] = 1.0  # all of the first class, none of the second
    assert mean_in(hits, head) == estimate_in(hits, head).mean == 0.5


def test_the_table_holds_recalls_differences_and_their_correction() -> None:
    plain, merged = lopsided("real", hits_of(0)), lopsided("merged", hits_of(1))
    table = recall_table([plain, merged], [plain], plain)
    assert table[table["arm"] == "real/plain"]["difference"].isna().all()
    rows = table[table["arm"] == "merged/plain"].set_index(["kind", "name"])
    many = merged.predictions.hits[:, :6] - plain.predictions.hits[:, :6]
    interval = crossed_estimate(many).interval()
    found = rows.loc[[("class", "many")]].to_dict("records")[0]
    assert (found["difference"], found["low"], found["high"]) == pytest.approx(
        (interval.mean, interval.low, interval.high)
    )
    assert found["recall"] == pytest.approx(merged.predictions.hits[:, :6].mean())
    assert (found["train_images"], found["test_images"]) == (500, 6)
    by_class = rows.loc["class"]
    assert by_class["p_holm"].to_numpy() == pytest.approx(holm(by_class["p"].to_numpy()))


def test_the_table_tells_the_training_images_of_every_cell_and_numbers_its_rows() -> None:
    truth = truth_in_cells({(0, "a"): 4, (0, "b"): 4, (1, "a"): 4, (1, "b"): 4})
    real, merged = (arm_in_cells(name, np.ones((2, 16)), truth) for name in ("real", "merged"))
    table = recall_table([real, merged], [real], real)
    cells = table[(table["kind"] == "cell") & (table["arm"] == "merged/plain")]
    counts = [90, 5, 90, 90]
    names = [cell_name(name, group) for name in "xy" for group in "ab"]
    assert dict(zip(cells["name"], cells["train_images"], strict=True)) == dict(zip(names, counts, strict=True))
    assert table.index.tolist() == list(range(len(table)))


def test_a_class_with_one_test_image_has_a_recall_but_no_interval() -> None:
    def lonely(one: Arm) -> Arm:
        return replace(one, predictions=replace(one.predictions, truth=truth_of([0] * 6 + [1] * 5 + [2], GROUPS)))

    plain, merged = lonely(lopsided("real", hits_of(0))), lonely(lopsided("merged", hits_of(1)))
    rows = recall_table([merged], [plain], plain).set_index(["kind", "name"])
    for part in (("class", "few"), ("tier", "tail")):
        assert rows.loc[part, ["difference", "low", "high", "p", "p_holm"]].isna().all()
    assert rows.loc[("class", "few"), "test_images"] == 1
    assert rows.loc["class"]["p_holm"].notna().sum() == 2


def test_where_each_class_has_one_test_image_nothing_has_a_difference() -> None:
    def lonely(one: Arm) -> Arm:
        said = Predictions(truth_of([0, 1, 2], None), one.predictions.probabilities[:, [0, 6, 10]])
        return replace(one, predictions=said)

    plain, merged = lonely(lopsided("real", hits_of(0))), lonely(lopsided("merged", hits_of(1)))
    table = recall_table([merged], [plain], plain)
    assert table["recall"].notna().any()
    assert table[["difference", "low", "high", "p", "p_holm"]].isna().all(axis=None)


def test_the_widest_gap_is_that_of_all_arms_together() -> None:
    groups = ("a",) * 4 + ("b",) * 4 + ("c",) * 4
    one = np.tile([1] * 4 + [0, 1, 1, 1] + [0, 0, 1, 1], (2, 1))  # a 1, b ¾, c ½
    other = np.tile([1] * 4 + [0, 0, 0, 0] + [1, 1, 1, 1], (2, 1))  # a 1, b 0, c 1
    arms = [lopsided("real", one, groups), lopsided("merged", other, groups)]
    gap = widest_gap(arms, arms[0])
    assert gap is not None
    assert (gap.highest.name, gap.lowest.name) == ("a", "b")
    assert widest_gap(arms, lopsided("real", one, None)) is None
    assert widest_gap(arms, lopsided("real", one, ("a",) * 11 + ("b",))) is None
