import torch

from augment.classifier.transforms import mild


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_every_image_is_moved_its_own_way_and_stays_in_range() -> None:
    image = torch.rand(1, 3, 16, 16) * 2 - 1
    moved = mild(image.expand(8, -1, -1, -1), generator(), flips=False)
    assert moved.shape == (8, 3, 16, 16)
    assert moved.abs().max() <= 1.0
    assert len({tuple(one.flatten().tolist()) for one in moved}) == 8


def test_a_mark_moves_no_further_than_stated() -> None:
    images = torch.zeros(200, 1, 21, 21)
    images[:, :, 10, 10] = 1.0  # the centre: rotation and scale leave it, a shift moves it by up to 2.1 pixels
    moved = mild(images, generator(), flips=False)[:, 0]
    rows, columns = torch.meshgrid(torch.arange(21.0), torch.arange(21.0), indexing="ij")
    mass = moved.sum(dim=(1, 2))
    shift = torch.stack([(moved * axis).sum(dim=(1, 2)) / mass - 10 for axis in (rows, columns)])
    assert shift.abs().max() < 2.1 / 0.9 + 0.1
    assert shift.abs().max() > 1.5


def test_mirrors_only_where_allowed() -> None:
    images = torch.zeros(200, 1, 16, 16)
    images[:, :, :, 13] = 1.0  # a bar on the right
    on_the_left = [mild(images, generator(), flips=flips)[:, 0, :, :8].sum(dim=(1, 2)) > 0 for flips in (False, True)]
    assert not on_the_left[0].any()
    assert 70 < int(on_the_left[1].sum()) < 130


def test_the_same_generator_gives_the_same_images() -> None:
    images = torch.rand(4, 1, 8, 8)
    assert torch.equal(mild(images, generator(), flips=True), mild(images, generator(), flips=True))
