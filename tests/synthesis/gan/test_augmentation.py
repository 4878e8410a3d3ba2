import pytest
import torch

from augment.synthesis.gan.augmentation import CHANGES, DRAWS, Augmentation, colour, cutout, translation
from augment.synthesis.gan.specs import AugmentationSpec


def spec(*kinds: str, **settings: object) -> AugmentationSpec:
    return AugmentationSpec(kinds=list(kinds), **settings)  # type: ignore[arg-type]  # names are checked at run time


def draws(count: int, value: float = 0.5) -> torch.Tensor:
    return torch.full((DRAWS, count), value)


def test_the_middle_of_all_draws_changes_nothing() -> None:
    images = torch.rand(3, 3, 16, 12) * 2 - 1
    assert torch.equal(translation(images, draws(3)), images)
    assert torch.allclose(colour(images, draws(3)), images, atol=1e-6)


@pytest.mark.parametrize(("draw", "shift"), [(0.0, -2), (0.5, 0), (0.999, 2)])
def test_translation_shifts_whole_pixels_and_fills_with_grey(draw: float, shift: int) -> None:
    images = torch.ones(1, 1, 16, 16)
    moved = translation(images, torch.stack([torch.tensor([draw]), *draws(1)[1:]]))
    empty = {-2: slice(14, 16), 0: slice(0, 0), 2: slice(0, 2)}[shift]
    assert not moved[0, 0, empty].any()
    assert int(moved.sum()) == 16 * (16 - abs(shift))


def test_cutout_blanks_a_square_of_half_the_side() -> None:
    blanked = cutout(torch.ones(1, 1, 16, 16), draws(1))
    assert 7**2 <= int((blanked == 0).sum()) <= 8**2
    assert not blanked[0, 0, 6:10, 6:10].any()


def test_grey_images_stay_grey_and_colours_fade() -> None:
    images = torch.rand(2, 3, 8, 8)
    faded = colour(images, torch.stack([*draws(2)[:5], torch.zeros(2), draws(2)[6]]))
    assert torch.allclose(faded[:, 0], faded[:, 1], atol=1e-6)


@pytest.mark.parametrize("kind", CHANGES)
def test_every_change_lets_gradients_through(kind: str) -> None:
    images = torch.rand(4, 1, 8, 8, requires_grad=True)
    Augmentation(spec(kind))(images, torch.Generator().manual_seed(0)).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0


def test_only_the_share_is_changed_and_each_image_in_its_own_way() -> None:
    images = torch.rand(2000, 1, 8, 8)
    changed = Augmentation(spec("cutout", probability=0.3))(images, torch.Generator().manual_seed(0))
    touched = (changed != images).flatten(1).any(1)
    assert touched.float().mean().item() == pytest.approx(0.3, abs=0.04)
    masks = (changed[touched] == 0).flatten(1)
    assert len(masks.unique(dim=0)) > 20


def test_without_a_spec_images_pass_unchanged_and_nothing_is_drawn() -> None:
    rng = torch.Generator().manual_seed(0)
    images, before = torch.rand(2, 1, 8, 8), rng.get_state()
    assert Augmentation(None)(images, rng) is images
    assert torch.equal(rng.get_state(), before)


def test_the_adaptive_share_follows_overfitting_both_ways_and_stays_within_bounds() -> None:
    augmentation = Augmentation(spec("cutout", adaptive=True, probability=0.8, images=1000))
    assert augmentation.share.item() == 0.0
    for _ in range(400):
        augmentation.adapt(torch.tensor(1.0), images=10)
    assert augmentation.share.item() == pytest.approx(0.8)
    for _ in range(400):
        augmentation.adapt(torch.tensor(-1.0), images=10)
    assert augmentation.share.item() == 0.0
