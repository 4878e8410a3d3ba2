import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.core.errors import DataError
from augment.merging.filters import KEPT, REASONS, SCORES, attach_scores, drop_reasons
from augment.merging.mix_spec import FilterSpec
from tests.merging.conftest import good_scores, image_set

REAL = image_set([2, 2], synthetic=False)
STRICT = FilterSpec(agree=True, min_confidence=0.5)


def test_each_reason_is_told_and_the_first_that_applies_counts() -> None:
    pixels = image_set([6, 1], synthetic=True).images.copy()
    pixels[1], pixels[2] = REAL.images[3], pixels[0]
    synthetic = image_set([6, 1], synthetic=True, pixels=pixels)
    scores = good_scores(synthetic)
    scores.loc[[1, 3], "near_copy"] = True
    scores.loc[4, ["judged_label", "confidence"]] = [1, 0.1]
    scores.loc[5, "confidence"] = 0.4999
    scores.loc[6, "confidence"] = 0.5
    scored = attach_scores(synthetic, scores)
    told = drop_reasons(REAL, scored, STRICT).tolist()
    assert told == [KEPT, "duplicate", "duplicate", "near_copy", "disagrees", "unsure", KEPT]
    told = drop_reasons(REAL, scored, FilterSpec()).tolist()
    assert told == [KEPT, "duplicate", "duplicate", "near_copy", KEPT, KEPT, KEPT]
    assert drop_reasons(REAL, scored, FilterSpec(near_copies=False)).tolist()[3] == KEPT


def test_equal_images_are_dropped_only_where_one_is_kept() -> None:
    """Of images with the same pixels the first that passes stays, and every later one is its duplicate."""
    pixels = image_set([4, 2], synthetic=True).images.copy()
    pixels[:5] = pixels[0]
    synthetic = image_set([4, 2], synthetic=True, pixels=pixels)
    scores = good_scores(synthetic)
    scores.loc[0, "judged_label"] = 1
    scores.loc[2, "confidence"] = 0.1
    scores.loc[5, "confidence"] = 0.1
    told = drop_reasons(REAL, attach_scores(synthetic, scores), STRICT).tolist()
    assert told == ["disagrees", KEPT, "duplicate", "duplicate", "duplicate", "unsure"]


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=40), st.floats(0, 0.99)
)
def test_a_stricter_filter_keeps_a_subset(rows: list[tuple[bool, int, float]], confidence: float) -> None:
    synthetic = image_set([len(rows)], synthetic=True)
    near, judged, confident = (np.array(column) for column in zip(*rows, strict=True))
    scores = good_scores(synthetic).assign(near_copy=near, judged_label=judged, confidence=confident)
    scored = attach_scores(synthetic, scores)
    loose, strict = (
        drop_reasons(REAL, scored, FilterSpec(agree=agree, min_confidence=least))
        for agree, least in ((False, 0.0), (True, confidence))
    )
    assert set(loose) | set(strict) <= {KEPT, *REASONS}
    assert not ((strict == KEPT) & (loose != KEPT)).any()
    assert (confident[strict == KEPT] >= confidence).all()
    assert (judged[strict == KEPT] == 0).all()


def test_scores_of_other_images_are_refused() -> None:
    synthetic = image_set([3], synthetic=True)
    with pytest.raises(DataError, match=r"expected 3 rows, one an image, .* found 2 rows, missing no column"):
        attach_scores(synthetic, good_scores(synthetic)[:2])
    with pytest.raises(DataError, match="found 3 rows, missing near_copy"):
        attach_scores(synthetic, good_scores(synthetic).drop(columns="near_copy"))
    assert list(good_scores(synthetic).columns) == list(SCORES)
