from collections.abc import Sequence
from dataclasses import replace

from augment.page import figures, views
from augment.page.render import render
from augment.page.svg import Drawing
from augment.results.kinds import Baseline
from augment.results.record import Interval
from augment.results.tables import Cell
from tests.comparison.simulated import arm, random_hits
from tests.page.examples import dataset, provenance
from tests.results.examples import result_of


def test_a_difference_that_these_images_cannot_tell_is_not_drawn_but_said() -> None:
    few, many = (
        result_of([arm(name, "plain", random_hits(0.7, k, shape), 0.7) for k, name in enumerate(("real", "merged"))])
        for shape in ((2, 8), (5, 400))
    )
    words = [figures.difference(result, Baseline.REFERENCE, "real/plain").svg for result in (few, many)]
    assert ["cannot tell" in svg for svg in words] == [True, False]
    assert "cannot tell" not in figures.accuracy(few).svg


def recall_of(means: Sequence[float], half: float) -> Drawing | None:
    """Draw differences in recall of so many classes, each with an interval of that half width."""
    result = dataset().result
    (part,) = (part for part in result.parts if part.name == result.classes[0])
    parts = [
        part.model_copy(
            update={"name": f"c{k:02}", "difference": Interval(mean=mean, low=mean - half, high=mean + half)}
        )
        for k, mean in enumerate(means)
    ]
    return figures.recall(result.model_copy(update={"parts": tuple(parts)}))


def test_of_many_classes_those_are_drawn_whose_recall_these_images_can_tell_and_changes_most() -> None:
    told = [0.4 + k / 100 for k in range(31)]
    drawn = recall_of([0.0, *told], 0.2)
    assert drawn is not None
    assert "Difference in recall of 30 of 32 classes" in drawn.svg
    assert tuple(f">c0{k} (" in drawn.svg for k in range(3)) == (False, False, True)
    assert "cannot tell" not in drawn.svg


def test_of_few_classes_those_that_cannot_be_told_say_so() -> None:
    drawn = recall_of([0.0, 0.4], 0.2)
    assert drawn is not None
    assert drawn.svg.count(">cannot tell<") == 1
    assert recall_of([0.0, 0.1], 0.2) is None


def test_where_no_class_can_be_told_the_page_says_so_in_place_of_a_figure() -> None:
    few = [arm(name, "plain", random_hits(0.7, k, (2, 8)), 0.7) for k, name in enumerate(("real", "merged"))]
    page = render(replace(dataset(), result=result_of(few), pictures=(), confusion={}), provenance()).html
    assert "These test images cannot tell whether the recall of any class changes" in page
    assert "Difference in recall" not in page


def test_long_names_are_cut_in_their_middle() -> None:
    result = result_of([arm("real", f"a_recipe_of_many_words_{end}", random_hits(0.7, 0), 0.7) for end in ("x", "y")])
    assert [f"a recipe of…any words {end}" in figures.accuracy(result).svg for end in ("x", "y")] == [True, True]


def test_train_images_are_told_by_cell_and_scarce_ones_are_marked() -> None:
    cells = {name: {"a": {"train": 90}, "b": {"train": count}} for name, count in (("x", 0), ("y", 29), ("z", 30))}
    found = views.images_by_cell({"cells": cells})
    assert found is not None
    assert (found.titles, found.names) == (["class", "a", "b"], ["x", "y", "z"])
    assert [row[1] for row in found.rows] == [Cell("none", strong=True), Cell("29 (few)", strong=True), Cell("30")]
    assert found.caption.endswith("Few: less than a third of the largest, 90.")
    assert views.images_by_cell({"classes": {}}) is views.images_by_cell(None) is None
