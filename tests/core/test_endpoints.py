from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.comparison.intervals import crossed_contrast, crossed_estimate
from augment.core.cells import Cells
from augment.core.endpoints import Blocks, Endpoint, contrast, find_blocks
from augment.core.errors import DataError

# Two of cat in a, one in b; one dog in a, four in b.
LABELS = np.asarray([0, 0, 0, 1, 1, 1, 1, 1])
GROUPS = ["a", "a", "b", "a", "b", "b", "b", "b"]
HITS = np.asarray([[1, 1, 0, 1, 1, 1, 1, 0], [1, 0, 0, 1, 1, 1, 1, 0]], dtype=np.float64)
TRAIN = Cells(("cat", "dog"), ("a", "b"), np.asarray([[30, 2], [30, 30]]))


def value(endpoint: Endpoint, **options: Any) -> float:
    found = find_blocks(endpoint, LABELS, GROUPS, TRAIN, **options)
    assert found is not None
    return found.value(HITS, HITS)


def test_every_endpoint_weighs_images_in_its_own_way() -> None:
    assert value("accuracy") == pytest.approx(11 / 16)
    assert value("balanced_accuracy") == pytest.approx((3 / 6 + 8 / 10) / 2)
    assert value("cells") == pytest.approx((3 / 4 + 0 + 1 + 6 / 8) / 4)
    assert value("worst_group") == pytest.approx(6 / 10)  # b: 0 of 2 cats, 6 of 8 dogs
    assert value("rare_cells") == 0.0


def test_cells_with_too_few_images_do_not_count() -> None:
    assert value("cells", fewest=2) == pytest.approx((3 / 4 + 6 / 8) / 2)
    assert find_blocks("rare_cells", LABELS, GROUPS, TRAIN, fewest=2) is None


def test_a_group_that_training_never_saw_is_rare_throughout() -> None:
    found = find_blocks("rare_cells", LABELS, ["c"] * 8, TRAIN)
    assert found is not None
    assert [len(rows) for rows in found.rows] == [3, 5]


def test_the_worst_group_is_the_worst_over_all_runs() -> None:
    blocks = Blocks((np.asarray([0]), np.asarray([1])), worst=True)
    hits = np.asarray([[1.0, 0.0], [0.0, 0.0]])
    assert blocks.counted(hits)[0].tolist() == [1]
    assert blocks.of_runs(hits).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("endpoint", ["cells", "worst_group", "rare_cells"])
def test_an_endpoint_of_groups_asks_for_groups(endpoint: Endpoint) -> None:
    with pytest.raises(DataError, match=rf"verdict\.endpoint: {endpoint} asks for images with groups.*docs/datasets"):
        find_blocks(endpoint, LABELS, None)


def test_a_single_block_is_left_as_it_is() -> None:
    assert contrast([(1.0, HITS)]) is HITS


@given(st.lists(st.integers(2, 9), min_size=2, max_size=5), st.integers(2, 6), st.integers(0, 2**31))
def test_a_table_of_blocks_has_the_mean_and_the_error_of_their_contrast(sizes: list[int], runs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = [rng.normal(number, 1, (runs, size)) for number, size in enumerate(sizes)]
    weights = rng.uniform(-1, 1, len(sizes)).tolist()
    exact = crossed_contrast(blocks, weights)
    found = crossed_estimate(contrast(list(zip(weights, blocks, strict=True))))
    assert found.mean == pytest.approx(exact.mean)
    assert found.error == pytest.approx(exact.error)
