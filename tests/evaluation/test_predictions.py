import numpy as np
import pandas as pd
import pytest

from augment.core.errors import ContainerError
from augment.core.images import make_image_set
from augment.evaluation.predictions import Predictions, mean_std


def one_hot(predicted: list[list[int]], classes: int = 3) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[np.asarray(predicted)]


@pytest.fixture
def predictions() -> Predictions:
    """Four images (labels 0 0 1 2); the first run errs on the second image, the second run on the last two."""
    return Predictions(np.asarray([0, 0, 1, 2]), one_hot([[0, 1, 1, 2], [0, 0, 0, 0]]), ("a", "b", "c"))


def test_scores_match_hand_worked_values(predictions: Predictions) -> None:
    assert predictions.accuracy().tolist() == [0.75, 0.5]
    # Run 0: F1 of a = 2·1·½/(1+½) = ⅔, of b = ⅔, of c = 1. Run 1: a = 2·½·1/(½+1) = ⅔, others 0.
    assert predictions.scores()["macro_f1"] == pytest.approx([7 / 9, 2 / 9])
    assert predictions.recall().tolist() == [[0.5, 1.0, 1.0], [1.0, 0.0, 0.0]]
    assert predictions.hits.tolist() == [[1, 0, 1, 1], [1, 1, 0, 0]]


def test_metrics_are_means_and_sample_deviations(predictions: Predictions) -> None:
    # 0.75 and 0.5: mean 0.625, deviation 0.25/√2.
    assert predictions.metrics()["accuracy"] == {"mean": 0.625, "std": 0.176777}
    assert predictions.metrics()["recall"]["a"] == {"mean": 0.75, "std": 0.353553}
    assert mean_std(np.asarray([1.0, 1.0])) == {"mean": 1.0, "std": 0.0}


def test_the_table_survives_a_round_trip(predictions: Predictions) -> None:
    frame = predictions.to_frame()
    assert list(frame.columns) == ["run", "example", "label", "p(a)", "p(b)", "p(c)"]
    found = Predictions.from_frame(frame, "x")
    assert np.array_equal(found.probabilities, predictions.probabilities)
    assert np.array_equal(found.labels, predictions.labels)
    assert found.classes == predictions.classes


def test_groups_of_the_test_images_travel_with_the_predictions() -> None:
    images = make_image_set(np.zeros((3, 1, 8, 8), dtype=np.uint8), [0, 1, 1], ["a", "b"])
    assert Predictions.of(images, [one_hot([[0, 1, 1]], 2)[0]] * 2).groups is None
    images.manifest["group"] = ["north", "south", "north"]
    predictions = Predictions.of(images, [one_hot([[0, 1, 1]], 2)[0]] * 2)
    assert predictions.groups == ("north", "south", "north")
    frame = predictions.to_frame()
    assert list(frame.columns) == ["run", "example", "label", "group", "p(a)", "p(b)"]
    assert Predictions.from_frame(frame, "x").groups == predictions.groups


def test_a_table_that_is_none_of_predictions_is_named(predictions: Predictions) -> None:
    with pytest.raises(ContainerError, match=r"p\.parquet: expected columns run, example, label and p\(CLASS\)"):
        Predictions.from_frame(pd.DataFrame({"run": [0]}), "p.parquet")
    frame = predictions.to_frame()
    with pytest.raises(ContainerError, match="expected equally many rows a run, found 7 rows for 2 runs"):
        Predictions.from_frame(frame.iloc[:-1], "p.parquet")


def test_runs_vote_by_mean_probability() -> None:
    probabilities = np.asarray([[[0.6, 0.4]], [[0.1, 0.9]]], dtype=np.float32)
    predictions = Predictions(np.asarray([1]), probabilities, ("a", "b"))
    assert predictions.ensembled.tolist() == [1]
    assert predictions.confusion().to_dict("records") == [{"actual": "b", "predicted": "b"}]
