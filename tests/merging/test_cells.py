from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.core.cells import count_cells
from augment.core.endpoints import Blocks
from augment.core.errors import LeftOutError
from augment.core.images import ImageSet
from augment.merging.choice import choose_share
from augment.merging.mix_spec import MixSpec
from tests.merging.conftest import Made, good_scores, image_set, made_of

SPEC = MixSpec(synthesizer="transport", fill="cells")


def of_groups(counts: list[int], groups: list[str], *, synthetic: bool) -> ImageSet:
    found = image_set(counts, synthetic=synthetic)
    return ImageSet(found.images, found.manifest.assign(group=groups), found.classes)


def filled(real: ImageSet, synthetic: ImageSet, **scores: Any) -> Made:
    return made_of(real, synthetic, good_scores(synthetic).assign(**scores), SPEC)


def test_every_cell_is_filled_up_to_the_largest_by_images_of_its_own() -> None:
    real = of_groups([4, 2], ["u", "u", "u", "v", "u", "u"], synthetic=False)  # a: 3 of u, 1 of v; b: 2 of u
    synthetic = of_groups([10, 10], ["u", "v"] * 10, synthetic=True)
    images, account = filled(real, synthetic)
    assert count_cells(images).by_group() == {"u": (3, 3), "v": (3, 3)}
    assert (account.added, account.surplus) == (6, 14)
    assert images.manifest["origin"].tolist() == ["real"] * 6 + ["synthetic"] * 6


def test_a_cell_takes_what_there_is_and_leaves_out_near_copies() -> None:
    real = of_groups([3, 1], ["u", "u", "u", "v"], synthetic=False)
    synthetic = of_groups([1, 3], ["v", "v", "v", "u"], synthetic=True)
    images, account = filled(real, synthetic, near_copy=[False, True, False, False])
    assert count_cells(images).by_group() == {"u": (3, 1), "v": (1, 2)}
    assert account.dropped["near_copy"] == 1


@given(st.lists(st.sampled_from("uvw"), min_size=4, max_size=12), st.integers(0, 40))
def test_no_cell_grows_beyond_the_largest_real_one(groups: list[str], drawn: int) -> None:
    real = of_groups([2, len(groups) - 2], groups, synthetic=False)
    synthetic = of_groups([drawn, drawn], sorted(set(groups))[:1] * (2 * drawn), synthetic=True)
    before, after = count_cells(real), count_cells(filled(real, synthetic).images)
    assert after.counts.max() == before.counts.max()
    assert (after.counts >= before.counts).all()


def test_cells_ask_for_groups_on_both_sides() -> None:
    real, synthetic = image_set([2, 2], synthetic=False), image_set([2, 2], synthetic=True)
    with pytest.raises(LeftOutError, match="fill cells: expected real images with groups"):
        filled(real, synthetic)
    with pytest.raises(
        LeftOutError, match=r"fill cells: expected synthetic images with the groups .* such as transport"
    ):
        filled(of_groups([2, 2], ["u", "v"] * 2, synthetic=False), synthetic)


def test_a_share_is_chosen_by_what_the_verdict_asks() -> None:
    # Four images of one cell, one of another that only the second share knows.
    plain, better = np.ones((3, 6), dtype=bool), np.ones((3, 6), dtype=bool)
    plain[:, 4:] = False
    better[:, 0] = [False, True, True]
    cells = Blocks((np.arange(4), np.arange(4, 6)))
    found = choose_share({0.0: plain, 0.5: better}, cells)
    assert [one.accuracy for one in found.candidates] == pytest.approx([0.5, (11 / 12 + 1) / 2])
    assert found.share == 0.5
    worst = choose_share({0.0: plain, 0.5: better}, Blocks(cells.rows, worst=True))
    assert [one.accuracy for one in worst.candidates] == pytest.approx([0.0, 1.0])
