import re
from dataclasses import replace

import numpy as np

from augment.comparison.assembly import assemble
from augment.comparison.comparison import compare
from augment.evaluation.predictions import GroundTruth
from augment.results import tables
from augment.results.arm_figures import ARM_FIGURES
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from augment.results.tables import Cell
from tests.comparison.simulated import arm, arm_in_cells, random_hits, truth_in_cells
from tests.results.examples import QUALITY, result_of

ARMS = [
    arm("real", "plain", random_hits(0.6, 0), 0.6),
    arm("real", "classical", random_hits(0.7, 1), 0.7),
    arm("merged", "plain", random_hits(0.9, 2), 0.9),
]


def test_every_score_of_the_list_has_a_column_and_every_arm_a_row() -> None:
    result = result_of(ARMS)
    found = tables.arms(result)
    scores = [figure.heading for figure in ARM_FIGURES]
    assert found.titles == ["arm", *scores, "difference to `real/plain`", "difference to `real/classical`"]
    assert found.names == ["real/plain", "real/classical", "merged/plain"]
    assert found.caption == (
        "All arms: means over 5 runs on 400 test images; ↑ higher is better, ↓ lower. Differences are in accuracy "
        "points, paired by run and image, each with its own 95 % interval. Bold: detected, that is p of at most 0.05 "
        "after Holm's correction for the number of arms of the kind. `real/classical` is the best arm without "
        "synthesis, chosen on val."
    )
    for row, one in zip(found.rows, result.arms, strict=True):
        assert [cell.text for cell in row[: len(scores)]] == [f.text(one.scores[f.name]) for f in ARM_FIGURES]


def test_captions_say_that_intervals_count_groups() -> None:
    truth = truth_in_cells({(label, group): 10 for label in (0, 1) for group in "abcd"})
    arms = [arm_in_cells(name, random_hits(0.7, k, (5, 80)), truth) for k, name in enumerate(("real", "merged"))]
    result = assemble("toys", compare(arms, 0, units=truth.group_numbers()), {})
    assert "each with its own 95 % interval over runs and groups of test images. Bold: " in tables.arms(result).caption
    found = tables.parts(result, result.parts)
    assert found is not None
    assert "Intervals of classes and tiers are over runs and groups of test images; those of a group, " in found.caption
    assert "over runs and images" in (tables.endpoints(result) or found).caption
    alone = tables.parts(assemble("toys", compare(arms, 0), {}), result.parts)
    assert alone is not None
    assert alone.caption.endswith("for the number of parts of the kind.")


def test_a_recipe_that_only_synthetic_images_are_compared_by_has_a_column_of_its_own() -> None:
    rival = arm("real", "strong", random_hits(0.5, 3), 0.5)
    found = tables.arms(result_of([*ARMS, rival, arm("merged", "strong", random_hits(0.9, 4), 0.8)]))
    assert found.titles[-1] == "difference to the same recipe on real images"


def test_an_arm_has_no_difference_to_itself_and_detected_ones_are_strong() -> None:
    found = tables.arms(result_of(ARMS))
    assert (found.rows[0][-2], found.rows[1][-1]) == (Cell("–"), Cell("–"))
    assert found.rows[2][-1].strong
    assert found.rows[2][-1].text.startswith("+19.0 [")
    same = tables.arms(result_of([ARMS[0], arm("merged", "plain", ARMS[0].predictions.hits, 0.6)]))
    # Of 400 images alike, up to 1 - 0.025^(1/400) = 0.92 % of all may be otherwise, and speak for either.
    assert same.rows[1][-1] == Cell("+0.0 [-1.8, +1.8]")


def test_every_figure_of_a_synthesizer_has_a_row_and_says_what_it_means() -> None:
    found = tables.synthesizers(result_of(ARMS, {"gan": QUALITY, "vae": QUALITY | {"frechet_distance": 9.0}}))
    assert found is not None
    assert found.titles == ["synthetic images of", "gan", "vae", "what it says"]
    assert found.names == [figure.heading for figure in SYNTHESIZER_FIGURES]
    distance = found.rows[found.names.index("Fréchet distance ↓")]
    assert [cell.text for cell in distance[:2]] == ["4.00 (1.50)", "9.00 (1.50)"]  # theirs, then that of real images
    assert found.rows[found.names.index("pull towards training images, by pixels ↓")][0].text == "0.60"
    assert [row[-1].text for row in found.rows] == [figure.meaning for figure in SYNTHESIZER_FIGURES]
    assert found.caption == (
        "Synthetic images against val, most of it in the eyes of a judge that learnt from the real images. In round "
        "brackets: what real images reach. ↑ higher is better, ↓ lower."
    )


def test_the_opinions_of_a_weak_judge_are_marked_and_what_is_measured_without_it_is_not() -> None:
    weak = QUALITY | {"judge": {"accuracy": 0.6, "accuracy_low": 0.5, "accuracy_high": 0.7, "chance": 0.5}}
    found = tables.synthesizers(result_of(ARMS, {"gan": weak, "vae": QUALITY}))
    assert found is not None
    texts = {name: [cell.text for cell in row[:2]] for name, row in zip(found.names, found.rows, strict=True)}
    assert texts["precision ↑"] == ["means little: 0.90 (0.95)", "0.90 (0.95)"]
    assert texts["accuracy of the judge % ↑"] == ["60.0 [50.0, 70.0] (50.0)", "95.0 [90.0, 100.0] (50.0)"]
    unmarked = [name for name, row in texts.items() if not row[0].startswith("means little: ")]
    assert [name for name in unmarked if "by pixels" not in name] == [
        "failed checks ↓",
        "accuracy of the judge % ↑",
        "val accuracy if trained on them % ↑",
    ]


def test_a_figure_that_no_synthesizer_has_is_left_out() -> None:
    found = tables.synthesizers(result_of(ARMS, {"gan": {"failed_checks": 0}}))
    assert found is not None
    assert found.names == ["failed checks ↓"]
    assert tables.synthesizers(result_of(ARMS, {})) is None


def test_recall_is_told_before_and_after() -> None:
    result = result_of(ARMS)
    found = tables.parts(result, result.parts)
    assert found is not None
    percents = ["recall before %", "after %"]
    assert found.titles == ["recall of", "training images", "test images", *percents, "difference", "p"]
    assert found.names == ["a", "b"]
    assert found.caption == (
        "How many of 100 images of each part are named rightly before (`real/classical`) and after (`merged/plain`); p "
        "corrected by Holm for the number of parts of the kind."
    )
    before, after = (one.predictions.hits.mean() * 100 for one in (ARMS[1], ARMS[2]))
    texts = [cell.text for cell in found.rows[0]]
    assert texts[:4] == ["10 → 10", "400", f"{before:.1f}", f"{after:.1f}"]
    assert [cell.strong for cell in found.rows[0]] == [False, False, False, False, True, False]
    assert [cell.text for cell in found.rows[1]] == ["10 → 10", "0", "–", "–", "–", "–"]
    assert tables.parts(result, ()) is None
    assert tables.parts(result_of(ARMS[:2]), ()) is None


def test_a_gap_between_groups_names_them_as_they_are() -> None:
    groups = ("a`b", "south") * 200
    truth = GroundTruth(classes=("a", "b"), labels=(0,) * 400, groups=groups)
    result = result_of([replace(one, predictions=replace(one.predictions, truth=truth)) for one in ARMS])
    found = tables.gaps(result)
    assert found is not None
    first, title, last = found.titles
    assert (first, last) == ("arm", "change")
    assert title in ("accuracy on a'b minus south", "accuracy on south minus a'b")
    assert found.rows[0][1] == Cell("–")
    assert found.caption == (
        "Accuracy points between the two groups of test images that differ most over all arms. The interval of the gap "
        "allows for the choice among 1 pair of groups. Change: against `real/plain`, above 0 where the arm widens the "
        "gap."
    )
    assert tables.gaps(result_of(ARMS)) is None


def test_the_endpoint_that_is_asked_is_marked_and_a_worst_group_named_unless_all_is_right() -> None:
    truth = truth_in_cells({(0, "a"): 50, (0, "b"): 50, (1, "a"): 50, (1, "b"): 50})
    some = (np.random.default_rng(0).random((5, 200)) < 0.7).astype(float)
    arms = [arm_in_cells("real", some, truth), arm_in_cells("merged", np.ones((5, 200)), truth)]
    found = tables.endpoints(assemble("toys", compare(arms, seed=0, endpoint="worst_group"), {}))
    assert found is not None
    assert [title for title in found.titles if "(" in title] == ["accuracy of the worst group % (asked)"]
    column = found.titles.index("accuracy of the worst group % (asked)") - 1
    wrong, right = (row[column].text for row in found.rows)
    assert re.fullmatch(r"\d\d\.\d \[\d\d\.\d, \d\d\.\d\] \([ab]\)", wrong)
    assert re.fullmatch(r"100\.0 \[\d\d\.\d, 100\.0\]", right)
