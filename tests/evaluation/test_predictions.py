from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from augment.core.errors import ContainerError
from augment.core.images import make_image_set
from augment.core.records import read_record, write_record
from augment.core.store import read_parquet, write_parquet
from augment.evaluation.predictions import GroundTruth, Predictions

TRUTH = GroundTruth(classes=("a", "b", "c"), labels=(0, 0, 1, 2))


def one_hot(predicted: list[list[int]], classes: int = 3) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[np.asarray(predicted)]


@pytest.fixture
def predictions() -> Predictions:
    """The first run errs on the second image, the second run on the last two."""
    return Predictions(TRUTH, one_hot([[0, 1, 1, 2], [0, 0, 0, 0]]))


def test_hits_and_accuracy_match_hand_worked_values(predictions: Predictions) -> None:
    assert predictions.accuracy().tolist() == [0.75, 0.5]
    assert predictions.hits.tolist() == [[1, 0, 1, 1], [1, 1, 0, 0]]


def test_the_table_survives_a_round_trip(predictions: Predictions, tmp_path: Path) -> None:
    frame = predictions.to_frame()
    assert list(frame.columns) == ["run", "image", "p_0", "p_1", "p_2"]
    write_parquet(tmp_path / "p.parquet", frame)
    found = Predictions.from_frame(read_parquet(tmp_path / "p.parquet"), TRUTH, "x")
    assert found.probabilities.dtype == np.float32
    assert np.array_equal(found.probabilities, predictions.probabilities)
    assert found.labels.tolist() == [0, 0, 1, 2]


def test_a_single_run_is_a_table_of_its_own(predictions: Predictions) -> None:
    one = replace(predictions, probabilities=predictions.probabilities[:1])
    found = Predictions.from_frame(one.to_frame(), TRUTH, "x")
    assert np.array_equal(found.probabilities, one.probabilities)


def test_the_truth_about_test_is_kept_once_with_groups_and_names_of_any_kind(tmp_path: Path) -> None:
    images = make_image_set(np.zeros((3, 1, 8, 8), dtype=np.uint8), [0, 1, 1], ["NA", 'p(a)|"<i>'])
    assert GroundTruth.of(images).groups is None
    images.manifest["group"] = ["north", "south", "north"]
    truth = GroundTruth.of(images)
    write_record(tmp_path / "truth.json", truth)
    assert read_record(GroundTruth, tmp_path / "truth.json") == truth
    assert (truth.classes, truth.labels) == (("NA", 'p(a)|"<i>'), (0, 1, 1))
    assert truth.groups == ("north", "south", "north")


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ('{"classes": ["a"], "labels": [0, 1]}', r"labels: expected 0 to 0, found 1"),
        ('{"classes": ["a"], "labels": [0, 0], "groups": ["x"]}', r"groups: expected one an image \(2\), found 1"),
        ('{"classes": ["a"], "labels": [0.5]}', r"labels\.0: .*int"),
        ('{"classes": ["a"]}', r"labels: Field required"),
    ],
)
def test_a_truth_that_cannot_be_is_named(truth: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(truth)
    with pytest.raises(ContainerError, match=rf"truth\.json: .*{message}"):
        read_record(GroundTruth, tmp_path / "truth.json")


def test_a_table_that_is_none_of_predictions_is_named(predictions: Predictions) -> None:
    with pytest.raises(ContainerError, match=r"p\.parquet: expected columns run, image and p_0 to p_2, one a class"):
        Predictions.from_frame(pd.DataFrame({"run": [0]}), TRUTH, "p.parquet")
    frame = predictions.to_frame()
    with pytest.raises(ContainerError, match="expected 4 rows a run, one a test image, found 7 rows for 2 runs"):
        Predictions.from_frame(frame.iloc[:-1], TRUTH, "p.parquet")
    with pytest.raises(ContainerError, match="expected 4 rows a run"):
        Predictions.from_frame(frame.iloc[::-1], TRUTH, "p.parquet")
    with pytest.raises(ContainerError, match="expected 4 rows a run, one a test image, found 0 rows for 0 runs"):
        Predictions.from_frame(frame.iloc[:0], TRUTH, "p.parquet")


def test_runs_vote_by_mean_probability() -> None:
    probabilities = np.asarray([[[0.6, 0.4]], [[0.1, 0.9]]], dtype=np.float32)
    predictions = Predictions(GroundTruth(classes=("a", "b"), labels=(1,)), probabilities)
    assert predictions.ensembled.tolist() == [1]
    assert predictions.confusion().to_dict("records") == [{"actual": "b", "predicted": "b"}]
    other = replace(predictions, truth=GroundTruth(classes=("a", "b"), labels=(0,)))
    assert other.confusion().to_dict("records") == [{"actual": "a", "predicted": "b"}]
