import re
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from augment.comparison.arms import Arm
from augment.comparison.assembly import assemble, assemble_nothing
from augment.comparison.comparison import compare
from augment.core.endpoints import Endpoint
from augment.evaluation.predictions import GroundTruth
from augment.results.kinds import ArmKind, Missing
from augment.results.record import Interval, LeftOut, Result
from augment.results.sentences import covered, cut_off_note, redrawn, release, verdict
from augment.results.wording import p_value, percent, points
from tests.comparison.simulated import arm, arm_in_cells, random_hits, truth_in_cells
from tests.results.examples import QUALITY, result_of

PLAIN = arm("real", "plain", random_hits(0.6, 0), 0.6)


def said(*arms: Arm) -> str:
    return result_of(arms).verdict


def test_a_clear_gain_is_said_and_the_merged_set_advised() -> None:
    text = said(PLAIN, arm("merged", "plain", random_hits(0.95, 1), 0.9))
    assert text.startswith(
        "Use the synthetic images: train on `merged` with recipe `plain`. On 400 test images and over 5 runs, "
        "`merged/plain`, the best arm with synthetic images, is more accurate than `real/plain`, the best arm without "
        "synthesis (+3"
    )
    assert text.endswith(" points, p < 0.001).")


def over(groups: int, gain: float = 0.95, endpoint: Endpoint = "accuracy") -> Result:
    """Judge arms on 160 test images of some groups that the split keeps apart."""
    truth = truth_in_cells({(label, f"g{k}"): 80 // groups for label in (0, 1) for k in range(groups)})
    hits = [random_hits(accuracy, k, (5, len(truth.labels))) for k, accuracy in enumerate((0.6, gain))]
    arms = [arm_in_cells(name, each, truth) for name, each in zip(("real", "merged"), hits, strict=True)]
    return assemble("toys", compare(arms, 0, endpoint, truth.group_numbers()), {})


def test_a_verdict_over_groups_says_so() -> None:
    text = over(8).verdict
    assert "Over 5 runs and 8 groups of test images (160 images), `merged/plain`, the best arm with synthetic " in text
    assert "test images cannot" not in text
    assert redrawn(over(8)) == "runs and groups of test images"
    assert "in the choice of the 8 groups that the test images are of, as the split keeps" in covered(over(8))
    assert (redrawn(result_of([PLAIN])), covered(result_of([PLAIN]))) == (
        "runs and test images",
        "It covers chance in training and in the choice of test images.",
    )


def test_few_groups_ask_for_more_of_them() -> None:
    assert "not even a large difference: more groups of test images or runs would." in over(2, 0.7).verdict


def test_one_group_tells_nothing_of_others() -> None:
    found = over(1)
    assert "On 160 test images of one group and over 5 runs, `merged/plain`" in found.verdict
    assert (
        "They are all of one group: intervals cover other images of it, and nothing is said of other groups."
        in found.verdict
    )
    assert (redrawn(found), found.over_groups) == ("runs and test images", False)
    assert "which are all of one group. It says nothing of other groups." in covered(found)


def test_an_endpoint_of_groups_is_said_to_be_about_these() -> None:
    text = over(8, endpoint="cells").verdict
    assert "On 160 test images of these 8 groups and over 5 runs, `merged/plain`" in text
    assert "It is asked of these very groups: intervals cover other images of them, and no other groups." in text


def test_a_gain_over_the_plain_arm_alone_is_not_enough() -> None:
    text = said(
        PLAIN,
        arm("real", "classical", random_hits(0.95, 1), 0.95),
        arm("merged", "classical", random_hits(0.95, 2), 0.95),
    )
    assert text.startswith("Leave the synthetic images out: train on `real` with recipe `classical`.")
    assert "cannot be told apart from `real/classical`, the best arm without synthesis (" in text
    assert " and is more accurate than `real/plain`, the plain real arm (+3" in text
    assert re.search(r"A true difference of up to \d\.\d points could have gone unseen\.$", text)


def test_what_the_recipe_does_is_not_said_of_synthesis() -> None:
    text = said(
        arm("real", "plain", random_hits(0.6, 0), 0.9),
        arm("real", "classical", random_hits(0.95, 1), 0.6),
        arm("merged", "classical", random_hits(0.95, 2), 0.95),
    )
    assert text.startswith("Leave the synthetic images out: train on `real` with recipe `plain`.")
    assert "is more accurate than `real/plain`, the best arm without synthesis (+3" in text
    assert "and cannot be told apart from `real/classical`, the same recipe on real images (" in text


def test_three_baselines_are_one_sentence_and_the_same_effect_is_said_once() -> None:
    text = said(
        arm("real", "plain", random_hits(0.5, 0), 0.5),
        arm("real", "classical", random_hits(0.7, 1), 0.7),
        arm("real", "strong", random_hits(0.6, 2), 0.6),
        arm("merged", "strong", random_hits(0.95, 3), 0.9),
    )
    assert text.count("is more accurate than") == 1
    assert "`real/classical`, the best arm without synthesis (+2" in text
    assert "), `real/strong`, the same recipe on real images (+3" in text
    assert ") and `real/plain`, the plain real arm (+4" in text


def test_a_loss_is_said() -> None:
    text = said(
        arm("real", "plain", random_hits(0.95, 0), 0.6),
        arm("real", "classical", random_hits(0.95, 1), 0.95),
        arm("merged", "plain", random_hits(0.5, 2), 0.95),
    )
    assert "is less accurate than `real/classical`, the best arm without synthesis (-4" in text
    assert "unseen" not in text


def test_without_a_merged_arm_there_is_nothing_to_judge() -> None:
    text = said(PLAIN, arm("synthetic", "plain", random_hits(0.9, 3), 0.9))
    assert text == (
        "Train on `real` with recipe `plain`. Real and synthetic images together are not judged: no arm trains on both."
    )
    empty = replace(arm("merged", "plain", random_hits(0.9, 2), 0.9), kind=ArmKind.EMPTY_MIX)
    assert said(PLAIN, empty).endswith(
        "not judged: no synthetic image was added to `merged`. Where every class had as many images as `fill` asks "
        "for, give the mix a `share: 0.5` instead."
    )


REASONS = tuple(f"class {k} (`{k}`): coverage 0.01, expected at least 0.30: most lack." for k in range(5))


def test_a_failed_synthesizer_is_left_out_before_all_else_with_what_to_try() -> None:
    without = [
        LeftOut(name="gan", missing=Missing.FAILED_CHECKS, reasons=REASONS),
        LeftOut(name="vae", missing=Missing.NOT_MADE, reasons=("training diverged: lower the learning rate",)),
        *(LeftOut(name=name, missing=Missing.NOT_MERGED, reasons=("no images",)) for name in ("merged", "mixed")),
    ]
    text = result_of([PLAIN], left_out=without).verdict
    assert text == (
        "`gan` failed its checks (class 0 ('0'): coverage 0.01, expected at least 0.30: most lack; class 1 ('1'): "
        "coverage 0.01, expected at least 0.30: most lack; class 2 ('2'): coverage 0.01, expected at least 0.30: most "
        "lack; and 2 more): leave it out. What to try: more `steps`, another kind of synthesizer, or more images of "
        "these classes; see its pictures. `vae` could not be made or judged (training diverged: lower the learning "
        "rate): leave it out. Left out: `merged`, `mixed`, because no images. Train on `real` with recipe `plain`. "
        "Real and synthetic images together are not judged: no arm with both is left."
    )


def test_as_many_reasons_as_a_sentence_takes_are_all_told() -> None:
    three = LeftOut(name="merged", missing=Missing.NOT_MERGED, reasons=("one", "two", "three"))
    assert "Left out: `merged`, because one; two; three. " in result_of([PLAIN], left_out=[three]).verdict


def test_a_gain_in_another_endpoint_than_accuracy_is_called_by_its_name() -> None:
    truth = truth_in_cells({(0, "a"): 50, (0, "b"): 50, (1, "a"): 50, (1, "b"): 50})
    arms = [
        arm_in_cells(name, (np.random.default_rng(seed).random((5, 200)) < share).astype(float), truth)
        for seed, (name, share) in enumerate([("real", 0.6), ("merged", 0.95)])
    ]
    for word, (worse, better) in {"higher": arms, "lower": arms[::-1]}.items():
        real, merged = replace(worse, train_set="real", kind=ArmKind.REAL), replace(better, train_set="merged")
        merged = replace(merged, kind=ArmKind.MERGED)
        text = assemble("toys", compare([real, merged], seed=0, endpoint="cells"), {}).verdict
        assert f"has a {word} mean accuracy over cells of class and group than `real/plain`" in text


def test_images_that_failed_and_were_merged_all_the_same_are_told_before_they_are_advised() -> None:
    failed = QUALITY | {"failed_checks": 1, "failures": ["class 0 ('a'): recall 0.00"]}
    text = result_of([PLAIN, arm("merged", "plain", random_hits(0.95, 1), 0.9)], {"gan": failed}).verdict
    assert text.startswith(
        "The images of `gan` failed their checks (class 0 ('a'): recall 0.00) and were taken into `merged` all the "
        "same, as `allow_failed` asks. Use the synthetic images: train on `merged`"
    )


def test_without_a_real_arm_there_is_a_sentence_and_no_crash() -> None:
    without = [LeftOut(name="real", missing=Missing.NOT_MERGED, reasons=("training diverged",))]
    text = assemble_nothing("toys", GroundTruth(classes=("a", "b"), labels=(0, 1)), {"gan": QUALITY}, without).verdict
    assert text == (
        "Left out: `real`, because training diverged. No verdict on synthesis: no arm on real images alone could be "
        "trained, so that there is nothing to compare with. Mend that first."
    )


def test_a_best_arm_near_chance_is_called_guessing() -> None:
    text = said(arm("real", "plain", random_hits(0.52, 0, (3, 90)), 0.5))
    assert re.search(r"But this is guessing: `real/plain`, the best arm, has a balanced accuracy of 47\.\d % on", text)
    assert "not told apart from the 50.0 % of chance. More or clearer images come first." in text
    assert "guessing" not in said(PLAIN)


def test_a_weak_judge_is_told_with_its_interval_and_chance() -> None:
    judge = {"accuracy": 0.7, "accuracy_high": 0.78, "chance": 0.5}
    both = [QUALITY | {"judge": judge | {"accuracy_low": low}} for low in (0.62, 0.63)]
    weak, fair = (result_of([PLAIN], {"gan": quality}) for quality in both)
    words = "hardly knows the real ones (accuracy on val in %, with its interval, and chance: 70.0 [62.0, 78.0] (50.0))"
    assert words in weak.verdict
    assert "The judge" not in fair.verdict


def test_an_interval_that_is_too_wide_claims_nothing() -> None:
    hits = [random_hits(0.7, number, (2, 8)) for number in range(2)]
    text = said(arm("real", "plain", hits[0], 0.7), arm("merged", "plain", hits[1], 0.7))
    assert "the best arm without synthesis (these test images cannot tell)." in text
    assert "So uncertain a comparison shows nothing, not even a large difference" in text
    assert re.search(r"[+-]\d+\.\d", text) is None


def test_arms_that_never_differ_do_not_tell_what_could_be_seen() -> None:
    text = said(arm("real", "plain", np.ones((2, 20)), 1.0), arm("merged", "plain", np.ones((2, 20)), 1.0))
    assert "The arms gave the same answers, which does not tell how small a difference could be seen." in text


def test_runs_that_were_cut_off_are_named() -> None:
    arms = [PLAIN, replace(arm("merged", "plain", random_hits(0.9, 1), 0.9), cut_off=2)]
    result = result_of([*arms, replace(arm("control", "plain", random_hits(0.5, 2), 0.5), cut_off=1)])
    assert "Not trained to their end, so take it with care: 2 of 5 runs of `merged/plain`; raise" in result.verdict
    assert "control" not in result.verdict
    assert cut_off_note(result).endswith("improving: 2 of 5 runs of `merged/plain`, 1 of 5 runs of `control/plain`.")
    assert cut_off_note(result_of([PLAIN])) == ""


def test_a_release_is_told_with_the_accuracy_it_keeps_and_what_it_gives_away() -> None:
    real, synthetic = np.tile([1.0] * 8 + [0.0] * 2, (3, 9)), np.tile([1.0] * 4 + [0.0] * 6, (3, 9))
    arms = [arm("real", "plain", real, 0.5), arm("synthetic", "plain", synthetic, 0.5)]
    text = release(result_of(arms))
    assert text.startswith("Trained on synthetic images alone, `synthetic/plain` keeps 50.0 % [")
    assert text.endswith(
        "points). An attacker who sees only the synthetic images and has to tell a training image from an unseen one "
        "is right in 55.0 % [51.0, 59.0] of cases by pixels and in 57.0 % [51.0, 59.0] of cases by features (guessing: "
        "50 %). 2.0 % of the synthetic images are near copies of training images (expected by chance: 1.0 %)."
    )
    assert release(result_of(arms[:1])) == ""


def test_a_leak_that_was_not_measured_is_not_told() -> None:
    arms = [PLAIN, arm("synthetic", "plain", random_hits(0.5, 1), 0.5)]
    quality = {name: value for name, value in QUALITY.items() if name not in ("membership", "memorisation")}
    assert release(result_of(arms, {"gan": quality})).endswith(" points).")


def test_what_is_kept_is_not_told_where_the_test_images_cannot_tell() -> None:
    hits = [random_hits(0.7, number, (2, 8)) for number in range(2)]
    result = result_of([arm("real", "plain", hits[0], 0.7), arm("synthetic", "plain", hits[1], 0.7)])
    assert "trained on synthetic images alone (`synthetic/plain`), these test images cannot tell." in release(result)


@given(st.floats(-1, 1), st.floats(0, 0.15))
def test_points_carry_the_sign_of_what_they_round(mean: float, half: float) -> None:
    interval = Interval(mean=mean, low=mean - half, high=mean + half)
    signs = re.findall(r"[+-](?=\d)", points(interval))
    assert signs == ["-" if value < 0 else "+" for value in (interval.mean, interval.low, interval.high)]


def test_figures_read_as_people_write_them() -> None:
    assert points(Interval(mean=0.012, low=0.003, high=0.021)) == "+1.2 [+0.3, +2.1]"
    assert points(None) == "–"
    assert points(Interval(mean=0.1, low=-0.1, high=0.21)) == "these test images cannot tell"
    assert points(Interval(mean=0.1, low=-0.1, high=0.2)) == "+10.0 [-10.0, +20.0]"
    assert points(Interval(mean=0.5, low=0.1, high=0.9)) == "+50.0 [+10.0, +90.0]"
    assert percent(Interval(mean=0.973, low=0.956, high=1.0)) == "97.3 % [95.6, 100.0]"
    assert [p_value(value) for value in (0.0421, 0.001, 0.00099)] == ["p = 0.042", "p = 0.001", "p < 0.001"]


def test_the_verdict_tells_what_was_searched() -> None:
    arms = [arm(kind, "plain", random_hits(0.8, seed), 0.8) for seed, kind in enumerate(("real", "merged"))]
    result = result_of(arms)
    assert "searched" not in verdict(result)
    said = verdict(result.model_copy(update={"tried": {"recipe": 12, "mix": 3}}))
    assert "searched on val (12 of a recipe and 3 of a mix tried); test was read by none of them." in said
