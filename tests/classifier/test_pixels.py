"""What transforms do to pixels, worked out by hand for draws that are known."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from augment.classifier import policies
from augment.classifier.pixels import inside, lit, moved, noisy, warp
from augment.classifier.reach import Reach

STILL = Reach(rotation=0.0, scaling=0.0, shift=0.0)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def draws(count: int, images: int) -> Tensor:
    """The numbers that a transform draws first, uniform in [-1, 1)."""
    return 2 * torch.rand(count, images, generator=generator()) - 1


def matrices(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    return torch.stack([torch.stack([a, b], 1), torch.stack([c, d], 1)], 1)


def test_noise_is_cut_off_at_black_and_at_white() -> None:
    for level in (-1.0, 1.0):
        found = noisy(torch.full((2, 1, 8, 8), level), generator(), 60.0)
        assert found.abs().max() == 1.0
        assert 0.3 < (found == level).float().mean() < 0.7


def test_a_stretch_begins_at_the_rounded_pixel_and_has_its_length() -> None:
    found = inside(torch.tensor([1.4, -1.0, 3.0]), torch.tensor([2.0, 2.0, 0.0]), 5)
    assert found.int().tolist() == [[0, 1, 1, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]


def test_without_reach_an_image_is_itself_or_its_mirror_image() -> None:
    images = torch.rand(40, 1, 6, 8)
    assert_close(moved(images, generator(), False, STILL), images)
    mirrors = draws(5, 40)[4] < 0
    expected = torch.where(mirrors[:, None, None, None], images.flip(3), images)
    assert_close(moved(images, generator(), True, STILL), expected)
    assert 5 < mirrors.sum() < 35


@pytest.mark.parametrize("flips", [False, True])
def test_a_move_turns_scales_and_shifts_as_drawn(flips: bool) -> None:
    images, reach = torch.rand(10, 2, 9, 12), Reach(rotation=0.3, scaling=0.2, shift=0.1)
    turn, growth, right, down, coin = draws(5, 10)
    scale, angle = 1 + 0.2 * growth, 0.3 * turn
    side = torch.where(coin < 0, -1.0, 1.0) if flips else torch.ones(10)
    linear = scale[:, None, None] * matrices(side * angle.cos(), -angle.sin(), side * angle.sin(), angle.cos())
    assert_close(moved(images, generator(), flips, reach), warp(images, linear, 0.1 * torch.stack([right, down], 1)))


def test_a_shear_pushes_rows_before_anything_else_moves_them() -> None:
    images, rng = torch.rand(10, 1, 9, 9), generator()
    torch.rand(5, 10, generator=rng)
    pushed = 0.2 * (2 * torch.rand(10, generator=rng) - 1)
    one, none = torch.ones(10), torch.zeros(10)
    expected = warp(images, matrices(one, pushed, none, one), torch.zeros(10, 2))
    assert_close(moved(images, generator(), False, Reach(0.0, 0.0, 0.0, shear=0.2)), expected)
    assert not torch.allclose(expected, images)


def test_light_changes_contrast_about_the_mean_then_brightness() -> None:
    images = torch.rand(10, 3, 4, 4) - 0.5
    contrast, brightness = 0.2 * draws(2, 10)[:, :, None, None, None]
    level = images.mean((1, 2, 3), keepdim=True)
    expected = level + (images - level) * (1 + contrast) + brightness
    assert_close(lit(images, generator(), Reach(0.0, 0.0, 0.0, lighting=0.2)), expected)
    bright = lit(images + 0.5, generator(), Reach(0.0, 0.0, 0.0, lighting=3.0))
    assert (bright.min().item(), bright.max().item()) == (-1.0, 1.0)


def test_operations_and_their_ways_are_drawn_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Tensor, ...]] = []

    def operate(images: Tensor, *drawn: Tensor) -> Tensor:
        seen.append(drawn)
        return images

    monkeypatch.setattr(policies, "operate", operate)
    levels = torch.rand(2800)
    policies.operate_at_random(torch.empty(2800, 1, 1, 1), levels, generator())
    ((numbers, given, signs),) = seen
    assert given is levels
    assert len(numbers.bincount()) == 14
    # 200 ± 4 standard deviations of 13.6; half of 2800 ± 4 of 26.5.
    assert numbers.bincount().sub(200).abs().max() < 55
    assert signs.unique().tolist() == [-1.0, 1.0]
    assert abs((signs > 0).sum().item() - 1400) < 106


def test_shears_and_turns_go_the_way_of_their_sign() -> None:
    numbers = torch.arange(len(policies.MOVES))
    (there, right), (back, left) = (policies.affine_maps(numbers, torch.full((6,), sign)) for sign in (1.0, -1.0))
    assert_close(right, -left)
    twice = torch.zeros(6, 2, 2)  # what each adds to the identity that changes its sign
    twice[1, 0, 1] = twice[2, 1, 0] = 2 * 0.3
    twice[5, 0, 1], twice[5, 1, 0] = -1.0, 1.0  # the sine of 30 degrees, 0.5
    assert_close(there - back, twice)
