import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from augment.classifier.mixing import Mixture, draw_mixture, paste
from augment.classifier.parts import MIXINGS, Origin

CPU = torch.device("cpu")


def origin(count: int) -> Origin:
    """Give classes and groups of which every pair is there."""
    return Origin(torch.arange(count) % 2, torch.arange(count) // 2 % 2)


def test_a_blend_keeps_the_share_of_itself() -> None:
    mixture = Mixture(torch.tensor([1, 0]), torch.tensor([0.75, 0.5]))
    # 0.75 of 1 and 0.25 of 9; 0.5 of 9 and 0.5 of 1.
    assert mixture.blend(torch.tensor([1.0, 9.0])).tolist() == [3.0, 5.0]
    assert mixture.blend(torch.tensor([[[1.0]], [[9.0]]])).flatten().tolist() == [3.0, 5.0]


@given(st.integers(1, 64), st.sampled_from([0.1, 1.0, 8.0]), st.integers(0, 2**31))
def test_every_image_is_one_others_partner(count: int, alpha: float, seed: int) -> None:
    mixture = draw_mixture(count, alpha, np.random.default_rng(seed), CPU)
    assert sorted(mixture.partner.tolist()) == list(range(count))
    assert mixture.share.shape == (count,)
    assert 0.0 <= mixture.share.min() <= mixture.share.max() <= 1.0


def test_shares_follow_the_beta_distribution() -> None:
    # The variance of Beta(a, a) is 1 / (4 (2a + 1)).
    for alpha in (0.2, 1.0, 4.0):
        share = draw_mixture(20_000, alpha, np.random.default_rng(0), CPU).share
        assert share.mean() == pytest.approx(0.5, abs=0.01)
        assert share.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)


def test_only_manifold_mixup_and_mixstyle_go_below_the_input() -> None:
    rng = np.random.default_rng(0)

    def depths(name: str, stages: int) -> set[int | None]:
        made = [MIXINGS[name](torch.zeros(4, 1, 8, 8), origin(4), 1.0, stages, rng) for _ in range(50)]
        return {mixed.depth for mixed in made if mixed is not None}

    assert depths("none", 4) == set()
    assert depths("mixup", 4) == {0}
    assert depths("cutmix", 4) == {None}
    assert depths("manifold_mixup", 4) == {0, 1, 2}
    assert depths("manifold_mixup", 2) == {0, 1}
    assert depths("lisa", 4) == {0}
    assert depths("mixstyle", 4) == {1, 2}
    assert depths("mixstyle", 2) == {1}


@pytest.mark.parametrize("name", list(MIXINGS))
def test_a_mixing_leaves_shapes_ranges_and_its_input_alone(name: str) -> None:
    images = torch.rand(16, 3, 9, 13) * 2 - 1
    before = images.clone()
    first, again = (MIXINGS[name](images, origin(16), 0.5, 4, np.random.default_rng(1)) for _ in range(2))
    assert torch.equal(images, before)
    if first is None or again is None:
        assert name == "none"
        return
    assert first.images.shape == images.shape
    assert torch.equal(first.images, again.images)
    assert name == "mixstyle" or first.mixture.blend(first.images).abs().max() <= 1.0
    assert first.depth is None or 0 <= first.depth < 4


@given(st.integers(0, 2**31), st.sampled_from([(8, 8), (9, 14), (28, 28)]))
def test_cutmix_pastes_one_rectangle_and_counts_its_pixels(seed: int, sides: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    images = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 2, *sides)
    mixed, mixture = paste(images, draw_mixture(6, 1.0, rng, CPU), rng)
    for row, partner in enumerate(mixture.partner.tolist()):
        if partner == row:
            continue
        pasted = mixed[row, 0] == partner
        assert set(mixed[row].flatten().tolist()) <= {float(row), float(partner)}
        assert torch.equal(mixed[row, 0], mixed[row, 1])
        assert pasted.sum() == pasted.any(dim=0).sum() * pasted.any(dim=1).sum()
        assert mixture.share[row] == pytest.approx(1 - pasted.float().mean().item(), abs=1e-6)


def test_a_rectangle_that_is_not_cut_off_has_the_partners_share() -> None:
    class Centre:
        def random(self, count: int, dtype: type) -> object:
            return np.full(count, 0.5, dtype)

    mixture = Mixture(torch.tensor([1, 0]), torch.tensor([0.75, 1.0]))
    images = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 8, 8)
    mixed, after = paste(images, mixture, Centre())  # type: ignore[arg-type]  # draws the middle
    expected = torch.zeros(8, 8)
    expected[2:6, 2:6] = 1.0  # a quarter of the area: half of each side
    assert torch.equal(mixed[0, 0], expected)
    assert after.share.tolist() == [0.75, 1.0]
    assert torch.equal(mixed[1], images[1])
