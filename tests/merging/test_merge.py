import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.core.errors import LeftOutError
from augment.core.generators import for_run
from augment.core.images import ImageSet, concatenate, make_image_set
from augment.merging.merge import additions, candidates, merge, refuse_failed
from augment.merging.mix_spec import AutoMixSpec, FilterSpec, MixSpec
from tests.merging.conftest import Made, good_scores, image_set, made_of


def mix(**settings: object) -> MixSpec:
    return MixSpec.model_validate({"synthesizer": "gan", **settings})


def merged(real: ImageSet, synthetic: ImageSet, **settings: object) -> Made:
    return made_of(real, synthetic, good_scores(synthetic), mix(**settings))


def test_half_doubles_every_class() -> None:
    images, account = merged(image_set([4, 2], synthetic=False), image_set([9, 9], synthetic=True), share=0.5)
    assert images.class_counts().tolist() == [8, 4]
    assert images.manifest["origin"].tolist() == ["real"] * 6 + ["synthetic"] * 6
    assert account.added == 6
    assert account.surplus == 12


@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), st.floats(0.01, 0.95))
def test_every_class_gets_its_share_to_the_nearest_image(counts: list[int], share: float) -> None:
    real = np.asarray(counts)
    added = additions(real, mix(share=share))
    # The exact number is n·s/(1-s); rounding moves it by at most one half.
    assert np.abs(added - real * share / (1 - share)).max() <= 0.5 + 1e-9


def test_filling_levels_the_classes_and_takes_nothing_away() -> None:
    counts = np.array([7, 3, 5])
    assert additions(counts, mix(fill="largest")).tolist() == [0, 4, 2]
    assert additions(counts, mix(fill=5)).tolist() == [0, 2, 0]
    assert additions(counts, mix(fill=10)).tolist() == [3, 7, 5]


@given(st.lists(st.integers(1, 30), min_size=2, max_size=3))
def test_a_filled_set_is_balanced_by_synthetic_images_alone(counts: list[int]) -> None:
    real, synthetic = image_set(counts, synthetic=False), image_set([30] * len(counts), synthetic=True)
    images, _ = merged(real, synthetic, fill="largest")
    assert images.class_counts().tolist() == [max(counts)] * len(counts)
    assert images.manifest["content_hash"][: len(real)].tolist() == real.manifest["content_hash"].tolist()
    assert set(images.manifest["origin"][len(real) :]) <= {"synthetic"}


@given(st.integers(1, 20), st.floats(0.0, 0.9), st.floats(0.0, 0.9))
def test_a_smaller_share_is_a_subset_of_a_larger_one(count: int, first: float, second: float) -> None:
    real, synthetic = image_set([count, 3], synthetic=False), image_set([200, 200], synthetic=True)
    low, high = sorted((max(first, 0.01), max(second, 0.01)))
    smaller, larger = (
        set(merged(real, synthetic, share=share).images.manifest["content_hash"]) for share in (low, high)
    )
    assert smaller <= larger


def test_what_is_left_out_is_replaced_by_the_next_of_its_class() -> None:
    real, synthetic = image_set([2, 2], synthetic=False), image_set([4, 4], synthetic=True)
    scores = good_scores(synthetic)
    scores.loc[[0, 5], "near_copy"] = True
    images, account = made_of(real, synthetic, scores, mix(share=0.5))
    expected = synthetic.manifest["content_hash"][[1, 2, 4, 6]]
    assert images.manifest["content_hash"][4:].tolist() == expected.tolist()
    assert account.to_json() == {
        "drawn": 8,
        "dropped": {"duplicate": 0, "near_copy": 2, "disagrees": 0, "unsure": 0},
        "surplus": 2,
        "added": 4,
    }
    assert account.summary() == "4 of 8 synthetic ones; dropped: 2 near_copy; surplus: 2"


def test_the_manifest_says_what_is_known_of_each_image() -> None:
    images, _ = merged(image_set([1], synthetic=False), image_set([1], synthetic=True), share=0.5, weight=0.5)
    assert images.weights.tolist() == [1.0, 0.5]
    real, drawn = images.manifest.iloc[0], images.manifest.iloc[1]
    assert real[["judged_label", "confidence", "nearest_train", "near_copy"]].isna().all()
    assert (drawn["judged_label"], drawn["confidence"], drawn["nearest_distance"]) == (0, 0.9, 20.0)
    kinds = images.manifest.dtypes[["judged_label", "confidence", "near_copy"]].astype(str).tolist()
    assert kinds == ["Int64", "Float64", "boolean"]


def test_too_few_synthetic_images_are_named_with_the_mend() -> None:
    real, synthetic = image_set([2, 4], synthetic=False), image_set([3, 3], synthetic=True)
    with pytest.raises(
        LeftOutError, match=r"share 0\.5: too few .* of b \(3 of 4\) .* raise synthesis\.per_class to 4"
    ):
        merged(real, synthetic, share=0.5)


def test_the_mend_reckons_with_what_the_filter_leaves_out() -> None:
    real, synthetic = image_set([4, 2], synthetic=False), image_set([4, 4], synthetic=True)
    scores = good_scores(synthetic)
    scores.loc[[0, 1], "confidence"] = 0.1
    unsure = mix(share=0.5, filter=FilterSpec(min_confidence=0.5))
    with pytest.raises(
        LeftOutError, match=r"of a \(2 of 4\) pass the filter \(dropped: 2 unsure\); raise synthesis\.per_class to 8"
    ):
        merge(real, synthetic, scores, unsure)
    scores.loc[:3, "confidence"] = 0.1
    with pytest.raises(
        LeftOutError, match=r"of a \(0 of 4\) pass the filter \(dropped: 4 unsure\); no number of images mends"
    ):
        merge(real, synthetic, scores, unsure)


def test_at_share_one_all_that_pass_the_filter_stand_alone() -> None:
    synthetic = image_set([3, 5], synthetic=True)
    scores = good_scores(synthetic)
    scores.loc[1, "near_copy"] = True
    images, account = made_of(image_set([2, 4], synthetic=False), synthetic, scores, mix(share=1.0))
    assert images.class_counts().tolist() == [2, 5]
    assert set(images.manifest["origin"]) == {"synthetic"}
    assert images.weights.tolist() == [1.0] * 7
    assert (account.added, account.surplus) == (7, 0)


def test_a_class_that_would_be_gone_is_named() -> None:
    synthetic = image_set([3, 2], synthetic=True)
    scores = good_scores(synthetic)
    scores.loc[3:, "near_copy"] = True
    with pytest.raises(LeftOutError, match=r"share 1\.0: too few synthetic images of b \(0 of 1\)"):
        merge(image_set([2, 4], synthetic=False), synthetic, scores, mix(share=1.0))


def test_candidates_are_the_merges_at_their_shares_and_all_real() -> None:
    real, synthetic = image_set([4], synthetic=False), image_set([9], synthetic=True)
    spec = AutoMixSpec(synthesizer="gan", recipe="plain", shares=[0.0, 0.5, 0.2])
    made = candidates(real, synthetic, good_scores(synthetic), spec)
    assert {share: len(one.images()) for share, one in made.items()} == {0.0: 4, 0.5: 8, 0.2: 5}
    assert made[0.0].account.to_json() == made[0.5].account.to_json() | {"surplus": 9, "added": 0}
    assert set(made[0.0].manifest()["origin"]) == {"real"}


def test_a_failed_synthesizer_is_left_out_with_its_failures_and_the_way_out() -> None:
    refuse_failed([], "gan", "mixes.merged")
    with pytest.raises(LeftOutError) as caught:
        refuse_failed(["class 3 ('dress'): it repeats itself"], "gan", "mixes.merged")
    assert caught.value.reasons == (
        "mixes.merged: the images of synthesizer gan failed 1 check, expected none",
        "class 3 ('dress'): it repeats itself",
        "what to try: train longer or otherwise, or set mixes.merged.allow_failed: true to merge them as they are",
    )


def of_two_generators(counts: list[int]) -> ImageSet:
    """Draw as many by each; bright and brighter."""
    first = image_set(counts, synthetic=True)
    other = make_image_set(first.images + 0, first.labels, first.classes, generator_seed=4)
    other.images[:, 0, 0, 3] = 7
    return concatenate(first, make_image_set(other.images, other.labels, other.classes, generator_seed=4))


def test_each_generator_adds_what_the_mix_asks_for() -> None:
    real, synthetic = image_set([4, 2], synthetic=False), of_two_generators([9, 9])
    images, account = merged(real, synthetic, share=0.5)
    assert len(images) == 6 + 2 * 6
    for run, seed in enumerate((3, 4)):
        own = for_run(images, run)
        assert own.class_counts().tolist() == [8, 4]
        assert own.manifest["generator_seed"].dropna().unique().tolist() == [seed]
    assert (account.drawn, account.added, account.surplus) == (36, 12, 24)
    alone, _ = merged(real, synthetic, share=1.0)
    assert for_run(alone, 1).class_counts().tolist() == [9, 9]


def test_a_generator_of_which_nothing_is_left_is_told() -> None:
    real, synthetic = image_set([3, 3], synthetic=False), of_two_generators([5, 5])
    scores = good_scores(synthetic)
    scores.loc[10:, "near_copy"] = True
    with pytest.raises(LeftOutError, match=r"share 0\.5: too few synthetic images of a"):
        merge(real, synthetic, scores, mix(share=0.5))
    half = image_set([3, 3], synthetic=False)
    half.manifest["group"] = ["x", "x", "x", "y", "y", "y"]
    synthetic.manifest["group"] = ["x", "y"] * 10
    with pytest.raises(LeftOutError, match="generator 2 of 2: none of its images passes the filter"):
        merge(half, synthetic, scores, mix(fill="cells"))
