from typing import Any

import numpy as np
import pytest

from augment.core.errors import ContainerError
from augment.results.arm_figures import ARM_FIGURES
from augment.results.figures import ArmFigure, Better, SynthesizerFigure
from augment.results.record import Interval, Score
from augment.results.synthesizer_figures import SYNTHESIZER_FIGURES
from augment.results.synthesizer_result import Measured
from tests.results.examples import QUALITY

PERCENT = ArmFigure("x", "x %", Better.HIGHER, "How much.")
DISTANCE = SynthesizerFigure("d", "distance", Better.LOWER, "How far.", 1.0, 2, key="d", reference="real_reference.d")


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (Score(mean=0.921, std=0.0071), "92.1"),
        (Score(mean=0.921, std=0.0071, interval=Interval(mean=0.921, low=0.895, high=0.9)), "92.1 ± 0.7 [89.5, 90.0]"),
        (Score(mean=0.618, std=0.01, class_name="a|b"), "61.8 (a|b)"),
        (Score(mean=1.0, std=0.0, class_name="a|b"), "100.0"),  # the first of equals is not the worst
        (None, "–"),
    ],
)
def test_a_score_is_written_with_what_is_known_of_it(score: Score | None, text: str) -> None:
    assert PERCENT.text(score) == text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Measured(value=4.386), "4.39"),
        (Measured(value=4.386, real_reference=2.99), "4.39 (2.99)"),
        (Measured(value=0.5, low=0.25, high=0.75), "0.50 [0.25, 0.75]"),
        (Measured(value=None, real_reference=2.99), "–"),
        (None, "–"),
    ],
)
def test_a_figure_stands_before_that_of_real_images(found: Measured | None, text: str) -> None:
    assert DISTANCE.text(found) == text


def test_a_figure_of_a_synthesizer_and_its_real_reference_are_not_mixed_up() -> None:
    found = DISTANCE.find({"d": 4.0, "real_reference": {"d": 1.0}})
    assert (found.value, found.real_reference) == (4.0, 1.0)
    assert DISTANCE.find({"d": None, "real_reference": {}}) == Measured(value=None)


def test_the_ends_of_an_interval_stand_beside_its_figure() -> None:
    right = next(figure for figure in SYNTHESIZER_FIGURES if figure.name == "attacker_right_features")
    assert right.find(QUALITY) == Measured(value=0.57, low=0.51, high=0.59)


@pytest.mark.parametrize("value", ["4.0", [4.0], {"a": 1.0}])
def test_a_figure_that_is_no_number_is_named(value: Any) -> None:
    with pytest.raises(ContainerError, match=r"quality\.json: d: expected a number, found"):
        DISTANCE.find({"d": value})


def test_every_figure_has_a_name_of_its_own_and_says_what_it_means_in_a_sentence() -> None:
    for figures in (ARM_FIGURES, SYNTHESIZER_FIGURES):
        assert len({figure.name for figure in figures}) == len({figure.title for figure in figures}) == len(figures)
        assert all(figure.meaning.endswith(".") for figure in figures)


def test_every_figure_of_a_synthesizer_is_found() -> None:
    found = {figure.name: figure.find(QUALITY) for figure in SYNTHESIZER_FIGURES}
    assert [name for name, measured in found.items() if measured.value is None] == []
    of_real = [figure.name for figure in SYNTHESIZER_FIGURES if figure.reference]
    assert [name for name in of_real if found[name].real_reference is None] == []


def test_every_measure_gives_what_it_says_it_does() -> None:
    labels = np.asarray([0, 0, 1, 2])
    said = np.eye(3, dtype=np.float32)[[0, 1, 1, 2]] * 0.7 + 0.1
    shapes = {"images": (4,), "classes": (3,), "all": ()}
    for figure in ARM_FIGURES:
        if figure.measure:
            assert np.shape(figure.measure(labels, said)) == shapes[figure.over.value], figure.name
