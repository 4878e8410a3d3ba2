import pytest
import torch

from augment.synthesis.gan.policies import POLICIES, colour, cutout, draws_of, translation


def middle(draws: int, count: int) -> torch.Tensor:
    return torch.full((draws, count), 0.5)


def test_the_middle_of_all_draws_changes_nothing() -> None:
    images = torch.rand(3, 3, 16, 12) * 2 - 1
    assert torch.equal(translation(images, *middle(2, 3)), images)
    assert torch.allclose(colour(images, *middle(3, 3)), images, atol=1e-6)


@pytest.mark.parametrize(("draw", "shift"), [(0.0, -2), (0.5, 0), (0.999, 2)])
def test_translation_shifts_whole_pixels_and_fills_with_grey(draw: float, shift: int) -> None:
    images = torch.ones(1, 1, 16, 16)
    moved = translation(images, torch.tensor([draw]), torch.tensor([0.5]))
    empty = {-2: slice(14, 16), 0: slice(0, 0), 2: slice(0, 2)}[shift]
    assert not moved[0, 0, empty].any()
    assert int(moved.sum()) == 16 * (16 - abs(shift))


def test_cutout_blanks_a_square_of_half_the_side() -> None:
    blanked = cutout(torch.ones(1, 1, 16, 16), *middle(2, 1))
    assert 7**2 <= int((blanked == 0).sum()) <= 8**2
    assert not blanked[0, 0, 6:10, 6:10].any()


def test_grey_images_stay_grey_and_colours_fade() -> None:
    images = torch.rand(2, 3, 8, 8)
    faded = colour(images, *torch.tensor([[0.5, 0.5], [0.0, 0.0], [0.5, 0.5]]))
    assert torch.allclose(faded[:, 0], faded[:, 1], atol=1e-6)


@pytest.mark.parametrize("kind", POLICIES)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 13)])
def test_every_change_keeps_shapes_is_fixed_by_its_draws_and_lets_gradients_through(
    kind: str, shape: tuple[int, int, int]
) -> None:
    policy = POLICIES[kind]
    images = torch.rand(4, *shape, requires_grad=True)
    draws = torch.rand(draws_of(kind), 4)
    changed = policy(images, *draws)
    assert changed.shape == images.shape
    assert torch.equal(policy(images, *draws), changed)
    changed.sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", POLICIES)
def test_every_change_acts_on_each_image_by_its_own_draws(kind: str) -> None:
    policy = POLICIES[kind]
    images, draws = torch.rand(4, 3, 8, 8), torch.rand(draws_of(kind), 4)
    alone = torch.cat([policy(images[k : k + 1], *draws[:, k : k + 1]) for k in range(4)])
    assert torch.allclose(policy(images, *draws), alone, atol=1e-6)
