import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, pdist

from augment.quality import neighbours
from augment.quality.neighbours import blocks, distances, mean_pairwise_distance, nearest, radii


@pytest.fixture(params=[2**22, 16], ids=["one tile", "many tiles"])
def _tiles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "TILE_NUMBERS", request.param)


def cloud(count: int, seed: int, features: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, features))


@given(st.integers(0, 200), st.integers(0, 10**8))
def test_blocks_cover_every_row_once_and_fit_a_tile(count: int, width: int) -> None:
    parts = list(blocks(count, width))
    assert [row for part in parts for row in range(count)[part]] == list(range(count))
    assert all((part.stop - part.start) * width <= max(width, neighbours.TILE_NUMBERS) for part in parts)


@pytest.mark.usefixtures("_tiles")
def test_all_agree_with_the_direct_computation() -> None:
    points, others = cloud(23, 0), cloud(17, 1)
    expected = cdist(points, others)
    assert distances(points, others) == pytest.approx(expected)
    found = nearest(points, others)
    assert found.distance == pytest.approx(expected.min(1))
    assert found.row.tolist() == expected.argmin(1).tolist()
    ordered = np.sort(cdist(points, points), axis=1)  # its first column is each point itself
    assert radii(points, (1, 4)) == pytest.approx(ordered[:, [1, 4]].T)
    assert mean_pairwise_distance(points) == pytest.approx(pdist(points).mean())


def test_bytes_do_not_overflow_and_copies_are_exactly_zero_apart() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(50, 3 * 64 * 64), dtype=np.uint8)
    assert nearest(pixels, pixels[::-1]).distance.tolist() == [0.0] * 50
    assert distances(pixels[:1] * 0, pixels[:1] * 0 + 255)[0, 0] == pytest.approx(255 * (3 * 64 * 64) ** 0.5)


@pytest.mark.usefixtures("_tiles")
def test_the_first_of_equally_near_neighbours_wins() -> None:
    others = np.repeat(cloud(3, 0), 4, axis=0)
    assert nearest(others, others).row.tolist() == [0] * 4 + [4] * 4 + [8] * 4


def test_fewer_than_two_points_have_no_mean_distance() -> None:
    assert np.isnan(mean_pairwise_distance(cloud(1, 0)))
    assert mean_pairwise_distance(np.asarray([[0.0, 0.0], [3.0, 4.0]])) == 5.0
