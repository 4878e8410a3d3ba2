from augment.page import figures, views
from augment.results.kinds import Baseline
from augment.results.tables import Cell
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import result_of


def test_a_difference_that_these_images_cannot_tell_is_not_drawn_but_said() -> None:
    few, many = (
        result_of([arm(name, "plain", random_hits(0.7, k, shape), 0.7) for k, name in enumerate(("real", "merged"))])
        for shape in ((2, 8), (5, 400))
    )
    words = [figures.difference(result, Baseline.REFERENCE, "real/plain").svg for result in (few, many)]
    assert ["cannot tell" in svg for svg in words] == [True, False]
    assert "cannot tell" not in figures.accuracy(few).svg


def test_train_images_are_told_by_cell_and_scarce_ones_are_marked() -> None:
    cells = {name: {"a": {"train": 90}, "b": {"train": count}} for name, count in (("x", 0), ("y", 29), ("z", 30))}
    found = views.images_by_cell({"cells": cells})
    assert found is not None
    assert (found.titles, found.names) == (["class", "a", "b"], ["x", "y", "z"])
    assert [row[1] for row in found.rows] == [Cell("none", strong=True), Cell("29 (few)", strong=True), Cell("30")]
    assert found.caption.endswith("Few: less than a third of the largest, 90.")
    assert views.images_by_cell({"classes": {}}) is views.images_by_cell(None) is None
