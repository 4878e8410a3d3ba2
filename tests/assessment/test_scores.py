import numpy as np

from augment.assessment.scores import sample_scores
from augment.quality.neighbours import Nearest


def test_each_image_is_scored_for_the_class_it_was_made_for() -> None:
    probabilities = np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8]], np.float32)
    neighbours = Nearest(np.array([3.0, 2.0, 0.0]), np.array([5, 0, 9]))
    table = sample_scores(np.array([0, 1, 1]), probabilities, neighbours, limits=np.array([3.5, 2.0, 2.0]))
    assert table["judged_label"].tolist() == [0, 0, 1]
    assert np.allclose(table["confidence"], [0.7, 0.4, 0.8])
    assert table["nearest_train"].tolist() == [5, 0, 9]
    assert table["nearest_distance"].tolist() == [3.0, 2.0, 0.0]
    assert table["near_copy"].tolist() == [True, False, True]  # at the limit is not below it
    assert table.dtypes.astype(str).tolist() == ["int64", "float64", "int64", "float64", "bool"]


def test_what_has_nothing_near_to_compare_with_copies_nothing() -> None:
    neighbours = Nearest(np.array([3.0, np.inf]), np.array([5, -1]))
    table = sample_scores(np.array([0, 1]), np.full((2, 2), 0.5, np.float32), neighbours, limits=np.array([9.0, 9.0]))
    assert table["nearest_train"].isna().tolist() == [False, True]
    assert table["nearest_distance"].isna().tolist() == [False, True]
    assert table["near_copy"].tolist() == [True, False]
