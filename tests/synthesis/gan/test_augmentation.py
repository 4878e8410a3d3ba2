import pytest
import torch

from augment.synthesis.gan.augmentation import Augmentation
from augment.synthesis.gan.gan_spec import AugmentationSpec
from augment.synthesis.gan.policies import POLICIES, draws_of


def spec(*kinds: str, **settings: object) -> AugmentationSpec:
    return AugmentationSpec(kinds=list(kinds), **settings)  # type: ignore[arg-type]  # names are checked at run time


@pytest.mark.parametrize("kind", POLICIES)
def test_changes_draw_for_themselves_alone_and_in_the_order_they_are_listed(kind: str) -> None:
    images = torch.rand(4, 3, 8, 8)
    changed = Augmentation(spec(kind))(images, torch.Generator().manual_seed(0))
    own = torch.rand(draws_of(kind) + 1, 4, generator=torch.Generator().manual_seed(0))[:-1]
    assert torch.equal(changed, POLICIES[kind](images, *own))


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
