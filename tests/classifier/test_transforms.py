import numpy as np
import pytest
import torch

from augment.classifier.parts import TRANSFORMS, Transform
from augment.classifier.pixels import erased, noisy, warp
from augment.classifier.transforms import mild as mild_file
from augment.classifier.transforms import strong as strong_file
from augment.classifier.transforms.mild import mild
from augment.classifier.transforms.strong import strong
from augment.classifier.transforms.trivial_augment import trivial_augment

CHANGING = [transform for name, transform in TRANSFORMS.items() if name != "none"]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("transform", CHANGING)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (3, 9, 13), (1, 128, 128)])
def test_images_are_changed_each_its_own_way_and_stay_in_range(
    transform: Transform, shape: tuple[int, int, int]
) -> None:
    image = torch.rand(1, *shape, generator=generator()) * 2 - 1
    images = image.repeat(32, 1, 1, 1)
    changed = transform(images, generator(), False)
    assert changed.shape == (32, *shape)
    assert changed.abs().max() <= 1.0 + 1e-6
    # The policies draw the same operation and magnitude, or none at all, for a few of them.
    assert len({tuple(one.flatten().tolist()) for one in changed}) >= 12
    assert torch.equal(images, image.repeat(32, 1, 1, 1))


def test_a_mark_moves_no_further_than_stated() -> None:
    images = torch.zeros(200, 1, 21, 21)
    images[:, :, 10, 10] = 1.0  # the centre: rotation and scale leave it, a shift moves it by up to 2.1 pixels
    moved = mild(images, generator(), False)[:, 0]
    rows, columns = torch.meshgrid(torch.arange(21.0), torch.arange(21.0), indexing="ij")
    mass = moved.sum(dim=(1, 2))
    shift = torch.stack([(moved * axis).sum(dim=(1, 2)) / mass - 10 for axis in (rows, columns)])
    assert shift.abs().max() < 2.1 / 0.9 + 0.1
    assert shift.abs().max() > 1.5


def test_sizes_change_as_far_as_the_documents_say() -> None:
    images = torch.zeros(1000, 1, 64, 64)
    images[:, :, 20:44, 20:44] = 1.0
    areas = mild(images, generator(), False).sum(dim=(1, 2, 3)) / images.sum(dim=(1, 2, 3))
    assert (areas.min().sqrt().item(), areas.max().sqrt().item()) == pytest.approx((0.91, 1.11), abs=0.01)
    for transform, reach in ((mild, mild_file.REACH), (strong, strong_file.REACH)):
        sizes = f"{1 / (1 + reach.scaling):.2f} to {1 / (1 - reach.scaling):.2f}"
        assert f"scale by {sizes}," in str(transform.__doc__)


@pytest.mark.parametrize("transform", [mild, trivial_augment])
def test_mirrors_only_where_allowed(transform: Transform) -> None:
    images = torch.full((200, 1, 16, 16), -1.0)
    images[:, :, 8:, 13] = 1.0  # a bar on the right, half as high as the image, so that no shift or solarising hides it
    weight = torch.linspace(-1, 1, 16)
    on_the_left = [
        (((out := transform(images, generator(), flips)) - out.mean(dim=(2, 3), keepdim=True)) * weight).sum((1, 2, 3))
        < -1.0
        for flips in (False, True)
    ]
    assert on_the_left[0].float().mean() < 0.15
    assert 0.35 < on_the_left[1].float().mean() < 0.6


@pytest.mark.parametrize("transform", CHANGING)
def test_the_draws_come_from_the_given_generator_alone(transform: Transform) -> None:
    images = torch.rand(16, 1, 8, 8)
    before = torch.random.get_rng_state()
    rng = generator()
    first, second, again = (
        transform(images, rng, True),
        transform(images, rng, True),
        transform(images, generator(), True),
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_to_do_nothing_is_a_transform_too() -> None:
    images = torch.rand(2, 1, 8, 8)
    assert TRANSFORMS["none"](images, generator(), True) is images


def test_a_turn_of_an_image_that_is_not_square_keeps_its_angles() -> None:
    images = torch.zeros(1, 1, 11, 21)
    images[0, 0, 5, 10:14] = 1.0  # from the centre three pixels to the right
    quarter = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
    turned = warp(images, quarter, torch.zeros(1, 2))[0, 0]
    assert turned[:, 10].sum() == pytest.approx(4.0, abs=1e-4)
    assert turned.sum() == pytest.approx(4.0, abs=1e-4)


def test_noise_has_the_deviation_asked_for_and_stays_in_range() -> None:
    images = torch.zeros(50, 1, 16, 16)
    noise = noisy(images, generator(), 12.75)  # 12.75 of 127.5 levels from grey to white
    assert noise.std() == pytest.approx(0.1, abs=0.005)
    assert noise.mean() == pytest.approx(0.0, abs=0.005)
    assert noisy(images + 1.0, generator(), 12.75).max() == 1.0


def test_squares_are_erased_whole_from_the_share_asked_for() -> None:
    images = torch.ones(400, 2, 20, 30)
    lost = (erased(images, generator(), 0.5) == 0.0).numpy()
    assert 160 < lost.any(axis=(1, 2, 3)).sum() < 240
    assert np.array_equal(lost[:, 0], lost[:, 1])
    for mask in lost[:, 0][lost.any(axis=(1, 2, 3))]:
        rows, columns = mask.any(axis=1).sum(), mask.any(axis=0).sum()
        assert 4 <= rows == columns <= 10  # 0.2 to 0.5 of 20
        assert mask.sum() == rows * columns
