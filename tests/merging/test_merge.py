import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.core.errors import DataError
from augment.core.images import ImageSet, make_image_set
from augment.merging.merge import additions, merge, refuse_failed
from augment.merging.specs import MixSpec


def image_set(counts: list[int], *, synthetic: bool) -> ImageSet:
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.zeros((len(labels), 1, 8, 8), np.uint8)
    return make_image_set(images, labels, ["a", "b", "c"][: len(counts)], generator_seed=3 if synthetic else None)


def test_half_doubles_every_class() -> None:
    both = merge(
        image_set([4, 2], synthetic=False), image_set([9, 9], synthetic=True), MixSpec(synthesizer="gan", share=0.5)
    )
    assert both.class_counts().tolist() == [8, 4]
    assert both.manifest.groupby("origin")["label"].value_counts().to_dict() == {
        ("real", 0): 4,
        ("real", 1): 2,
        ("synthetic", 0): 4,
        ("synthetic", 1): 2,
    }


@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), st.floats(0.01, 0.95))
def test_every_class_gets_its_share_to_the_nearest_image(counts: list[int], share: float) -> None:
    real = np.asarray(counts)
    added = additions(real, share)
    # The exact number is n·s/(1-s); rounding moves it by at most one half.
    assert np.abs(added - real * share / (1 - share)).max() <= 0.5 + 1e-9


def test_too_few_synthetic_images_are_named_with_the_mend() -> None:
    with pytest.raises(DataError, match=r"too few synthetic images of b \(3 of 4\); raise synthesis\.per_class to 4"):
        merge(
            image_set([2, 4], synthetic=False), image_set([3, 3], synthetic=True), MixSpec(synthesizer="gan", share=0.5)
        )


def test_at_share_one_the_synthetic_images_stand_alone() -> None:
    synthetic = image_set([3, 5], synthetic=True)
    assert merge(image_set([2, 4], synthetic=False), synthetic, MixSpec(synthesizer="gan", share=1.0)) is synthetic


def test_a_failed_synthesizer_is_refused_with_its_failures_and_the_way_out() -> None:
    refuse_failed([], "gan", "merged")
    with pytest.raises(DataError) as caught:
        refuse_failed(["class 3 ('dress'): it repeats itself"], "gan", "merged")
    assert str(caught.value) == (
        "mix merged: the images of synthesizer gan failed 1 check(s):\n  class 3 ('dress'): it repeats itself\n"
        "expected none. Train longer or otherwise, or set mixes.merged.allow_failed: true to merge them as they are"
    )
