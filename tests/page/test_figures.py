from augment.page import figures
from augment.results.kinds import Baseline
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
