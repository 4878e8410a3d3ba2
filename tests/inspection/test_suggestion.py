"""What the test images of a suggested split could show."""

import math

import numpy as np
import pytest
from scipy import stats

from augment.inspection.suggestion import could_show


def test_images_count_each_for_itself() -> None:
    # √(0.1 / 1000) = 0.01, times t at 97.5 % and at 80 %.
    expected = 0.01 * (stats.t.ppf(0.975, 999) + stats.t.ppf(0.8, 999))
    assert could_show(1000) == could_show(1000, np.asarray([1000])) == pytest.approx(expected)
    assert could_show(1) == could_show(0) == math.inf


def test_groups_count_where_they_are_the_unit() -> None:
    # 10 groups of 100: a design effect of 1 + 99·0.05 = 5.95, and 9 degrees of freedom.
    expected = (0.0001 * 5.95) ** 0.5 * (stats.t.ppf(0.975, 9) + stats.t.ppf(0.8, 9))
    assert could_show(1000, np.full(10, 100)) == pytest.approx(expected)
    assert could_show(10, np.ones(10, dtype=np.int64)) == pytest.approx(could_show(10))
    assert could_show(1000, np.asarray([910, *[10] * 9])) > could_show(1000, np.full(10, 100))
