import json

import numpy as np
import pandas as pd
import pytest

from augment.assessment import sampling
from augment.assessment.assessment import Assessment, Side, assess_generator
from augment.assessment.gate import GateSpec
from augment.assessment.real_reference import real_reference
from augment.core.images import make_image_set
from augment.quality.generator_quality import Judged, generator_quality
from tests.quality.views import CLASSES, collapse, halves, relabel


def side(judged: Judged) -> Side:
    """Give the images whose pixels the features are."""
    pixels = (judged.features * 15).clip(0, 255).round().astype(np.uint8).reshape(-1, 1, 8, 8)
    return Side(make_image_set(pixels, judged.labels, CLASSES), judged)


def assess(train: Judged, val: Judged, synthetic: Judged, seed: int = 0) -> Assessment:
    return assess_generator(side(train), side(val), side(synthetic), GateSpec(), np.random.default_rng(seed))


@pytest.fixture(scope="module")
def parts() -> tuple[Judged, Judged, Judged]:
    """Real digits as train, val, and in the place of synthetic ones."""
    first, val = halves(40, 0)
    rows = np.arange(len(first.labels)) % 2
    return first.select(np.flatnonzero(rows == 0)), val, first.select(np.flatnonzero(rows == 1))


def numbers(figures: object) -> list[object]:
    return [n for value in figures.values() for n in numbers(value)] if isinstance(figures, dict) else [figures]


def test_the_figures_are_json_in_groups_of_plain_rounded_numbers(parts: tuple[Judged, Judged, Judged]) -> None:
    figures = assess(*parts).figures
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert all(round(n, 6) == n for n in numbers(figures) if isinstance(n, float))
    assert {name for name, value in figures.items() if isinstance(value, dict)} == {
        "real_reference",
        "diversity",
        "memorisation",
        "membership",
        "judge",
    }
    assert set(figures["real_reference"]) < set(figures)
    assert set(figures["membership"]) == {"pixels", "features"}
    assert set(figures["memorisation"]) == {"pixels", "features", "train_images"}


def test_the_figures_are_those_of_their_functions(parts: tuple[Judged, Judged, Judged]) -> None:
    train, val, synthetic = parts
    figures = assess(*parts).figures
    for name, value in generator_quality(val, synthetic).items():
        assert figures[name] == pytest.approx(value, abs=1e-6)
    deterministic = ["label_fidelity", "lowest_label_fidelity"]
    expected = real_reference(train, val, np.random.default_rng(1))
    assert [figures["real_reference"][name] for name in deterministic] == pytest.approx(
        [expected[name] for name in deterministic]
    )


def test_real_images_pass_and_copy_nothing(parts: tuple[Judged, Judged, Judged]) -> None:
    figures = assess(*parts).figures
    assert (figures["failed_checks"], figures["failures"]) == (0, [])
    assert figures["memorisation"]["pixels"]["pull"] == pytest.approx(0.5, abs=0.1)
    assert all(figures["membership"][space]["auc_low"] < 0.5 for space in ("pixels", "features"))
    assert figures["diversity"]["ms_ssim"] == pytest.approx(figures["diversity"]["real_ms_ssim"], abs=0.05)


def test_collapse_and_wrong_labels_are_told(parts: tuple[Judged, Judged, Judged]) -> None:
    train, val, synthetic = parts
    found = assess(train, val, relabel(collapse(synthetic, np.asarray([4]), 0.2), 1, 7))
    sentences = found.figures["failures"]
    assert found.figures["failed_checks"] == len(sentences)
    assert {sentence.split(":")[0] for sentence in sentences} == {"class 1", "class 4", "class 7"}
    row = found.per_class.iloc[4]
    assert row["ms_ssim"] > 0.95 > row["real_ms_ssim"]


def test_a_copying_generator_is_told_by_its_memorisation(parts: tuple[Judged, Judged, Judged]) -> None:
    train, val, _ = parts
    found = assess(train, val, train)
    assert found.figures["memorisation"]["pixels"]["pull"] == 1.0
    assert found.figures["memorisation"]["features"]["near_copies"] == 1.0
    assert found.figures["membership"]["pixels"]["auc"] == found.figures["membership"]["features"]["auc"] == 1.0
    assert found.neighbours.distance.max() == 0.0
    assert found.scores["near_copy"].all()


def test_every_synthetic_image_is_scored(parts: tuple[Judged, Judged, Judged]) -> None:
    _, _, synthetic = parts
    found = assess(*parts)
    assert len(found.scores) == len(synthetic.labels)
    assert found.scores["near_copy"].mean() < 0.05
    assert np.array_equal(found.scores["judged_label"], synthetic.probabilities.argmax(1))
    assert np.array_equal(found.scores["nearest_train"], found.neighbours.row)


def test_the_table_has_a_named_row_a_class(parts: tuple[Judged, Judged, Judged]) -> None:
    table = assess(*parts).per_class
    assert table["class_name"].tolist() == list(CLASSES)
    assert {"fidelity", "coverage", "recall", "diversity_ratio", "ms_ssim", "real_ms_ssim"} < set(table.columns)


def test_the_same_seed_gives_the_same_assessment(parts: tuple[Judged, Judged, Judged]) -> None:
    first, same, other = (assess(*parts, seed=seed) for seed in (0, 0, 1))
    assert first.figures == same.figures
    pd.testing.assert_frame_equal(first.per_class, same.per_class)
    assert first.figures["diversity"]["ms_ssim"] != other.figures["diversity"]["ms_ssim"]


def test_what_cannot_be_computed_is_null_and_not_zero(parts: tuple[Judged, Judged, Judged]) -> None:
    train, val, synthetic = parts
    found = assess(train, train, synthetic)  # every held-out image is a training image: no ratio
    assert found.figures["memorisation"]["pixels"]["ratio"] is None
    single = synthetic.select(np.flatnonzero((synthetic.labels != 2) | (np.cumsum(synthetic.labels == 2) == 1)))
    assert assess(train, val, single).per_class["ms_ssim"].isna().tolist() == [label == 2 for label in range(10)]


def test_of_many_training_images_a_sample_is_compared_and_the_figures_say_of_how_many(
    parts: tuple[Judged, Judged, Judged], monkeypatch: pytest.MonkeyPatch
) -> None:
    train, val, _ = parts
    everything = assess(train, val, train)
    assert everything.figures["memorisation"]["train_images"] == len(train.labels)
    third = len(train.labels) // 3
    monkeypatch.setattr(sampling, "MOST_NUMBERS", third * (len(val.labels) + len(train.labels)) * 64)
    found = assess(train, val, train)
    rows = sampling.sampled(train.labels, len(val.labels) + len(train.labels), 64)
    assert found.figures["memorisation"]["train_images"] == len(rows) == third
    assert set(found.neighbours.row) <= set(rows)
    # A copy is found where what it copies was compared: its nearest is itself, at no distance.
    assert found.neighbours.row[rows].tolist() == rows.tolist()
    assert (np.flatnonzero(found.neighbours.distance == 0.0) == rows).all()
    assert found.scores["near_copy"][rows].all()
    assert found.figures["membership"]["pixels"]["images"] < everything.figures["membership"]["pixels"]["images"]
