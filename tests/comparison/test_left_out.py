from typing import Any

from augment.comparison.left_out import MissingArm, left_out
from augment.results.kinds import Missing
from tests.comparison.simulated import arm, random_hits

REAL = arm("real", "plain", random_hits(0.6, 0), 0.6)
FAILED = {"failures": ["class 0: coverage 0.01"]}
MERGE = ("mixes.merged: failed 1 check", "class 0: coverage 0.01", "what to try: train longer")


def found(quality: dict[str, dict[str, Any]], *missing: MissingArm) -> list[tuple[str, Missing, tuple[str, ...]]]:
    return [(each.name, each.missing, each.reasons) for each in left_out(quality, [REAL], missing)]


def test_a_failed_synthesizer_has_the_reasons_and_what_needs_it_refers_to_it() -> None:
    arms = [MissingArm("merged", recipe, "gan", MERGE) for recipe in ("plain", "classical")]
    assert found({"gan": FAILED, "smote": {"failures": []}}, *arms) == [
        ("gan", Missing.FAILED_CHECKS, ("class 0: coverage 0.01",)),
        ("merged", Missing.NOT_MERGED, ("there are no images by gan that may be used",)),
    ]


def test_a_synthesizer_that_could_not_be_made_is_told_apart_and_once() -> None:
    diverged = {"failures": ["it diverged"], "left_out": ["it diverged"]}
    arms = [MissingArm(name, "plain", "gan", ("it diverged",)) for name in ("merged", "synthetic")]
    assert [(name, missing) for name, missing, _ in found({"gan": diverged}, *arms)] == [
        ("gan", Missing.NOT_MADE),
        ("merged", Missing.NOT_MERGED),
        ("synthetic", Missing.NOT_MERGED),
    ]


def test_other_reasons_stay_with_the_training_set_or_the_arm() -> None:
    few, diverged = ("share 0.5: too few synthetic images of a",), ("training diverged",)
    told = found(
        {"gan": {"failures": []}},
        MissingArm("merged", "plain", "gan", few),
        MissingArm("merged", "classical", "gan", few),
        MissingArm("real", "classical", None, diverged),
    )
    assert told == [("merged", Missing.NOT_MERGED, few), ("real/classical", Missing.NOT_TRAINED, diverged)]


def test_failed_images_that_were_merged_all_the_same_are_not_left_out() -> None:
    merged = arm("merged", "plain", random_hits(0.6, 1), 0.6)
    assert left_out({"gan": FAILED}, [REAL, merged], []) == []
