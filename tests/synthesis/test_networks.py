import pytest
import torch

from augment.synthesis.networks import Discriminator, Generator, centre_crop, doublings, pad_to_multiple, stride


@pytest.mark.parametrize(
    ("side", "doubled", "multiple"), [(8, 1, 4), (16, 1, 4), (28, 1, 4), (32, 1, 4), (33, 2, 8), (64, 2, 8)]
)
def test_depth_follows_resolution(side: int, doubled: int, multiple: int) -> None:
    assert doublings(side, side) == doubled
    assert stride(side, side) == multiple


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(8, 8), (9, 13), (28, 28), (32, 20), (47, 47), (64, 64)])
def test_any_size_and_channel_count_fits(channels: int, sides: tuple[int, int]) -> None:
    shape, labels = (channels, *sides), torch.tensor([0, 4, 2])
    images = Generator(shape, 5, width=4, latent_dim=6)(torch.randn(3, 6), labels)
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1.0
    scores, logits = Discriminator(shape, 5, width=4)(images, labels)
    assert (scores.shape, logits.shape) == ((3,), (3, 5))


def test_the_label_changes_image_and_score() -> None:
    generator, discriminator = Generator((1, 8, 8), 3, 4, 6), Discriminator((1, 8, 8), 3, 4)
    torch.nn.init.normal_(generator.norms[0].gain.weight)  # type: ignore[arg-type,union-attr]  # ModuleList items are untyped
    noise = torch.randn(1, 6).expand(3, 6)
    images = generator.eval()(noise, torch.tensor([0, 1, 2]))
    assert not torch.allclose(images[0], images[1])
    scores, logits = discriminator.eval()(images[:1].expand(3, -1, -1, -1), torch.tensor([0, 1, 2]))
    assert len(scores.unique()) == 3
    assert torch.allclose(logits[0], logits[1])


def test_every_layer_of_the_discriminator_is_spectrally_normal() -> None:
    discriminator = Discriminator((1, 16, 16), 3, 8)
    for _ in range(60):  # power iteration converges over forward passes
        discriminator(torch.zeros(2, 1, 16, 16), torch.tensor([0, 1]))
    layers = [*discriminator.convolutions, discriminator.realness, discriminator.projection, discriminator.auxiliary]
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2)
        assert largest.item() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("sides", [(8, 8), (9, 13), (15, 8)])
def test_padding_is_undone_by_cropping(sides: tuple[int, int]) -> None:
    images = torch.randn(2, 1, *sides)
    padded = pad_to_multiple(images, 4)
    assert padded.shape[2] % 4 == padded.shape[3] % 4 == 0
    assert torch.equal(centre_crop(padded, *sides), images)
