import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.evaluation.arms import Arm
from augment.evaluation.comparison import compare
from augment.evaluation.intervals import Interval
from augment.evaluation.release import release
from augment.evaluation.verdict import groups, sentence, to_json
from augment.evaluation.wording import p_value, percent, points
from tests.evaluation.simulated import arm, random_hits

COPIES = {"near_copies": 0.02, "expected_near_copies": 0.01, "pull": 0.6}
FOUND_OUT = {"auc": 0.55, "auc_low": 0.51, "auc_high": 0.59, "p_value": 0.01}
FOUND_OUT |= {"advantage": 0.08, "advantage_low": -0.01, "advantage_high": 0.17, "caught": 0.02}
QUALITY = {
    "gan": {
        "memorisation": {"pixels": {"ratio": 0.9, **COPIES}, "features": COPIES},
        "membership": {"pixels": {"images": 400, **FOUND_OUT}, "features": {**FOUND_OUT, "auc": 0.57}},
    }
}


def said(*arms: Arm) -> str:
    return sentence(compare(arms, seed=0))


def test_a_clear_gain_is_said_and_the_merged_set_advised() -> None:
    text = said(arm("real", "plain", random_hits(0.6, 0), 0.6), arm("merged", "plain", random_hits(0.95, 1), 0.9))
    assert text.startswith(
        "Over 5 seeds and 400 test images, synthesis (`merged/plain`, chosen on val) helps compared with the plain "
        "real arm `real/plain` (+3"
    )
    assert text.endswith(" points, adjusted p < 0.001). Train on `merged` with recipe `plain`.")


def test_a_gain_over_the_plain_arm_alone_is_not_enough() -> None:
    text = said(
        arm("real", "plain", random_hits(0.6, 0), 0.6),
        arm("real", "classical", random_hits(0.95, 1), 0.95),
        arm("merged", "classical", random_hits(0.95, 2), 0.95),
    )
    assert "helps compared with the plain real arm" in text
    assert "has no detectable effect compared with the best arm without synthesis, `real/classical`" in text
    assert re.search(r"A true effect below \d\.\d points could have gone unseen\. Leave it out: ", text)
    assert text.endswith("train on `real` with recipe `classical`.")


def test_what_the_recipe_does_is_not_said_of_synthesis() -> None:
    text = said(
        arm("real", "plain", random_hits(0.6, 0), 0.9),
        arm("real", "classical", random_hits(0.95, 1), 0.6),
        arm("merged", "classical", random_hits(0.95, 2), 0.95),
    )
    assert "helps compared with the plain real arm `real/plain` (+3" in text
    assert "and has no detectable effect compared with its own recipe without synthesis, `real/classical`" in text
    assert text.endswith("Leave it out: train on `real` with recipe `plain`.")


def test_three_contests_are_one_sentence() -> None:
    text = said(
        arm("real", "plain", random_hits(0.5, 0), 0.5),
        arm("real", "classical", random_hits(0.7, 1), 0.7),
        arm("real", "strong", random_hits(0.6, 2), 0.6),
        arm("merged", "strong", random_hits(0.95, 3), 0.9),
    )
    assert text.count("helps compared") == 1
    assert ", with the best arm without synthesis, `real/classical` (+2" in text
    assert " and with its own recipe without synthesis, `real/strong` (+3" in text
    assert text.endswith("Train on `merged` with recipe `strong`.")


def test_the_same_outcome_is_said_once() -> None:
    text = said(
        arm("real", "plain", random_hits(0.95, 0), 0.6),
        arm("real", "classical", random_hits(0.95, 1), 0.95),
        arm("merged", "plain", random_hits(0.5, 2), 0.95),
    )
    assert text.count("hurts compared") == 1
    assert "and with the best arm without synthesis, `real/classical` (-4" in text
    assert "unseen" not in text


def test_without_a_merged_arm_there_is_nothing_to_judge() -> None:
    plain, synthetic = arm("real", "plain", np.ones((3, 9)), 0.9), arm("synthetic", "plain", np.ones((3, 9)), 0.9)
    comparison = compare([plain, synthetic], seed=0)
    assert sentence(comparison).endswith("nothing to judge: train on `real` with recipe `plain`.")
    found = to_json(comparison, QUALITY)
    assert (found["chosen"], found["against_real"], found["contests"]) == (None, None, [])


def test_the_verdict_as_values_names_what_was_chosen_and_what_to_use() -> None:
    arms = [
        arm("real", "plain", random_hits(0.6, 0), 0.6),
        arm("real", "classical", random_hits(0.9, 1), 0.9),
        arm("merged", "plain", random_hits(0.9, 2), 0.9),
        arm("synthetic", "plain", random_hits(0.8, 3), 0.8),
    ]
    found = to_json(compare(arms, seed=0), QUALITY)
    assert (found["reference"], found["best_without_synthesis"]) == ("real/plain", "real/classical")
    assert (found["chosen"], found["against_real"]) == ("merged/plain", "helps")
    assert found["against_best_without_synthesis"] == "no detectable effect"
    assert found["use"] == {"arm": "real/classical", "train_set": "real", "recipe": "classical"}
    assert (found["seeds"], found["test_images"]) == (5, 400)
    assert [contest["rival"] for contest in found["contests"]] == ["real/plain", "real/classical"]
    assert found["release"]["arm"] == "synthetic/plain"
    assert found["release"]["memorisation"] == {"pixels": COPIES, "features": COPIES}
    assert found["release"]["membership"] == {"pixels": FOUND_OUT, "features": {**FOUND_OUT, "auc": 0.57}}
    assert found["groups"] is None


def test_a_release_keeps_a_share_of_the_accuracy_and_gives_something_away() -> None:
    # Right on 8 and on 4 of 10 images in every run: half of the accuracy is kept. Only images vary: the mean of
    # (a - b/2) / 0.8 has image values 0.625 (4 images), -0.625 (4) and 0 (2), variance 3.125/9 = 0.3472, over 10
    # a standard error of 0.18634; t at 97.5 % with 9 degrees of freedom is 2.2622.
    real = np.tile([1.0] * 8 + [0.0] * 2, (3, 1))
    synthetic = np.tile([1.0] * 4 + [0.0] * 6, (3, 1))
    found = release(arm("synthetic", "plain", synthetic, 0.5), arm("real", "plain", real, 0.5), QUALITY["gan"])
    assert found.kept.mean == pytest.approx(0.5)
    assert found.kept.high - found.kept.low == pytest.approx(2 * 2.2622 * 0.18634, abs=1e-4)
    assert found.difference.mean == pytest.approx(-0.4)
    assert found.sentence().startswith("Trained on synthetic images alone, `synthetic/plain` keeps 50.0 % [")
    assert found.sentence().endswith(
        "points). Of a training image and an unseen one, the distance to the nearest synthetic image tells which is "
        "which in 55.0 % [51.0, 59.0] of cases by pixels and in 57.0 % [51.0, 59.0] by features (a coin: 50 %); 2.0 % "
        "of the synthetic images are near copies (images that copy nothing: 1.0 %)."
    )


def test_a_gap_between_groups_and_its_change_are_told() -> None:
    def grouped(one: Arm) -> Arm:
        return replace(one, predictions=replace(one.predictions, groups=("north",) * 4 + ("south",) * 4))

    plain = grouped(arm("real", "plain", np.tile([1, 1, 1, 1, 1, 1, 1, 0], (3, 1)), 0.5))
    wider = grouped(arm("merged", "plain", np.tile([1, 1, 1, 1, 1, 0, 0, 0], (3, 1)), 0.5))
    found = groups(compare([plain, wider], seed=0))
    assert found is not None
    assert (found["highest"], found["lowest"], found["pairs"]) == ("north", "south", 1)
    assert found["gap"]["real/plain"]["mean"] == 0.25
    assert found["gap"]["merged/plain"]["mean"] == 0.75
    # Changes of 1, 1, 0, 0 in the south: variance ⅓ over 4; t at 97.5 % with 3 degrees of freedom is 3.1824.
    assert found["change"]["merged/plain"] == pytest.approx({"mean": 0.5, "low": -0.418697, "high": 1.418697}, abs=1e-5)


@given(st.floats(-1, 1), st.floats(0, 1))
def test_points_carry_the_sign_of_what_they_round(mean: float, half: float) -> None:
    interval = Interval(mean, mean - half, mean + half)
    signs = re.findall(r"[+-](?=\d)", points(interval))
    assert signs == ["-" if value < 0 else "+" for value in (interval.mean, interval.low, interval.high)]


def test_figures_read_as_people_write_them() -> None:
    assert points(Interval(0.012, 0.003, 0.021)) == "+1.2 [+0.3, +2.1]"
    assert percent(Interval(0.973, 0.956, 1.0)) == "97.3 % [95.6, 100.0]"
    assert (p_value(0.0421), p_value(0.00099)) == ("p = 0.042", "p < 0.001")
