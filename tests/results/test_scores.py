import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from augment.results.scores import balanced_accuracy, calibration_error, hits, log_loss, macro_f1, recall


def certain(*confidences: float) -> np.ndarray:
    """Two-class probabilities that say class 0 with these confidences."""
    first = np.asarray(confidences, dtype=np.float32)
    return np.stack([first, 1 - first], axis=1)


def test_scores_match_hand_worked_values() -> None:
    # Log-loss: (ln 2 + ln 4 + ln 4)/3 for the 0.5, 0.25 and 0.25 given to the true class.
    labels, said = np.asarray([0, 1, 1]), np.asarray([[0.5, 0.5], [0.75, 0.25], [0.75, 0.25]], dtype=np.float32)
    assert hits(labels, said).tolist() == [1, 0, 0]
    assert log_loss(labels, said) == pytest.approx((np.log(2) + 2 * np.log(4)) / 3)
    # Predicted 0 0 1 of 0 1 1. F1 of 0: 2·½·1/(½+1) = ⅔; of 1: 2·1·½/(1+½) = ⅔. Recalls 1 and ½.
    right = certain(0.6, 0.6, 0.4)
    assert (macro_f1(labels, right), balanced_accuracy(labels, right)) == pytest.approx((2 / 3, 0.75))
    assert recall(labels, right).tolist() == [1.0, 0.5]


def test_a_class_never_predicted_counts_for_nothing_in_macro_f1() -> None:
    # F1 of 0: 2·⅔·1/(⅔+1) = 0.8; of 1: 0.
    assert macro_f1(np.asarray([0, 0, 1]), certain(0.9, 0.9, 0.9)) == pytest.approx(0.4)


def test_a_class_without_images_has_no_recall_and_does_not_count_for_balanced_accuracy() -> None:
    said = np.eye(3, dtype=np.float32)[[0, 0, 1]]
    labels = np.asarray([0, 0, 0])
    assert balanced_accuracy(labels, said) == pytest.approx(2 / 3)
    assert recall(labels, said) == pytest.approx([2 / 3, np.nan, np.nan], nan_ok=True)


def test_the_calibration_error_matches_a_hand_worked_one() -> None:
    # 0.9 and 0.92 share the bin (13/15, 14/15]: one right, |1 - 1.82| = 0.82. 0.7 right, alone: |1 - 0.7| = 0.3.
    labels = np.asarray([0, 1, 0])
    assert calibration_error(labels, certain(0.9, 0.92, 0.7)) == pytest.approx((0.82 + 0.3) / 3, abs=1e-6)


def test_bins_hold_their_upper_end_as_in_the_paper() -> None:
    # With two bins 0.5 is in (0, 0.5] and 0.75 in (0.5, 1]: |1 - 0.5| + |0 - 0.75|. In one bin: |1 - 1.25|.
    labels = np.asarray([0, 1])
    assert calibration_error(labels, certain(0.5, 0.75), bins=2) == pytest.approx(1.25 / 2)
    assert calibration_error(labels, certain(0.5, 0.75), bins=1) == pytest.approx(0.25 / 2)


@given(
    arrays(np.float32, (8, 3), elements=st.floats(0, 1, width=32)), st.lists(st.integers(0, 2), min_size=8, max_size=8)
)
def test_the_calibration_error_is_at_least_the_overall_surplus(weights: np.ndarray, labels: list[int]) -> None:
    probabilities = (weights + 1e-3) / (weights + 1e-3).sum(axis=1, keepdims=True)
    right = probabilities.argmax(axis=1) == labels
    error = calibration_error(np.asarray(labels), probabilities)
    assert abs(right.mean() - probabilities.max(axis=1).mean()) - 1e-6 <= error <= 1.0


def test_being_certain_and_right_is_perfectly_calibrated() -> None:
    assert calibration_error(np.asarray([0, 0]), certain(1.0, 1.0)) == 0.0
    assert calibration_error(np.asarray([1, 1]), certain(1.0, 1.0)) == 1.0
