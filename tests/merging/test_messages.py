"""What a merge says, word for word: where it lists several, and where it lists none."""

import numpy as np
import pytest

from augment.core.errors import AugmentError
from augment.merging.choice import Candidate, Choice
from augment.merging.filters import attach_scores
from augment.merging.merge import Account, candidates, merge, refuse_failed
from augment.merging.mix_spec import AutoMixSpec, MixSpec
from tests.merging.conftest import good_scores, image_set


def test_an_account_lists_what_was_dropped_or_says_that_nothing_was() -> None:
    account = Account(9, {"duplicate": 0, "near_copy": 2, "disagrees": 0, "unsure": 1}, surplus=0, added=6)
    assert account.summary() == "6 of 9 synthetic ones; dropped: 2 near_copy, 1 unsure; surplus: 0"
    assert Account(6, {"duplicate": 0}, surplus=2, added=4).summary() == (
        "4 of 6 synthetic ones; dropped: none; surplus: 2"
    )


def test_every_class_that_lacks_images_is_named_with_what_it_was_to_be_filled_to() -> None:
    real, synthetic = image_set([1, 2, 9], synthetic=False), image_set([3, 4, 0], synthetic=True)
    with pytest.raises(AugmentError) as caught:
        merge(real, synthetic, good_scores(synthetic), MixSpec(synthesizer="gan", fill="largest"))
    assert str(caught.value) == (
        "fill largest: too few synthetic images of a (3 of 8), b (4 of 7) pass the filter (dropped: none); "
        "raise synthesis.per_class to 8, or ask for less"
    )


def test_a_class_of_a_single_image_is_told_to_be_the_reason() -> None:
    real, synthetic = image_set([1, 4], synthetic=False), image_set([0, 4], synthetic=True)
    with pytest.raises(AugmentError) as caught:
        merge(real, synthetic, good_scores(synthetic), MixSpec(synthesizer="smote", share=0.5))
    assert str(caught.value) == (
        "share 0.5: too few synthetic images of a (0 of 1) pass the filter (dropped: none); "
        "a single train image of a shows nothing to vary: add images of it, or leave it out"
    )


def test_every_failed_check_has_a_line() -> None:
    with pytest.raises(AugmentError, match=r"failed 2 checks, .*\n *too few\n *too many\n"):
        refuse_failed(["too few", "too many"], "gan", "mixes.merged")


def test_scores_that_do_not_fit_are_told_by_all_that_is_missing() -> None:
    synthetic = image_set([3], synthetic=True)
    with pytest.raises(AugmentError) as caught:
        attach_scores(synthetic, good_scores(synthetic).drop(columns=["near_copy", "judged_label"]))
    assert str(caught.value) == (
        "scores: expected 3 rows, one an image, with judged_label, confidence, nearest_train, nearest_distance, "
        "near_copy; found 3 rows, missing judged_label, near_copy"
    )


def test_a_candidate_is_told_to_six_decimals() -> None:
    choice = Choice(0.25, (Candidate(0.25, accuracy=0.12345678, gain=0.0000014, standard_error=1 / 3),))
    assert choice.to_json()["candidates"] == {
        "0.25": {"accuracy": 0.123457, "gain": 0.000001, "standard_error": 0.333333}
    }


def test_real_images_alone_count_one_each_among_the_candidates() -> None:
    real, synthetic = image_set([4], synthetic=False), image_set([9], synthetic=True)
    spec = AutoMixSpec(synthesizer="gan", recipe="plain", shares=[0.0, 0.5], weight=0.5)
    made = candidates(real, synthetic, good_scores(synthetic), spec)
    assert made[0.0].manifest()["weight"].tolist() == [1.0] * 4
    assert np.array_equal(made[0.5].images().weights, [1.0] * 4 + [0.5] * 4)
