from typing import Any

import pytest
import torch
from torch import nn

from augment.synthesis.networks.architectures import DiscriminatorSpec, NetworkSpec
from augment.synthesis.networks.build import build_discriminator, build_generator
from augment.synthesis.networks.layers import (
    ConditionalBatchNorm2d,
    Dropout,
    SelfAttention,
    centre_crop,
    depth_to_space,
    doublings,
    initialise,
    pad_to_multiple,
    set_strength,
    space_to_depth,
)
from augment.synthesis.networks.pair import Discriminator, Generator, Shape

ARCHITECTURES = NetworkSpec.registered()
LABELS = torch.tensor([0, 4, 2])


@pytest.fixture(autouse=True)
def _same_weights_every_time() -> None:
    torch.manual_seed(0)


def pair(
    shape: Shape,
    classes: int = 5,
    architecture: str = "compact",
    generator: str = "batch_norm",
    discriminator: str = "both",
    **settings: Any,
) -> tuple[Generator[Any], Discriminator[Any]]:
    """Build both networks of width 4."""
    of_discriminator = {name: settings.pop(name) for name in DiscriminatorSpec.model_fields if name in settings}
    network = ARCHITECTURES[architecture](**{"width": 4, "latent_dim": 6} | settings)
    return (
        build_generator(shape, classes, network, generator),
        build_discriminator(shape, classes, network, DiscriminatorSpec(**of_discriminator), discriminator),
    )


def tell_classes_apart(generator: Generator[Any]) -> None:
    """Give every class its own gains, as training would: at first all classes have the same.

    Positive ones, and no biases: those may leave a layer of four channels, not yet normalised to its own statistics,
    without a single value above zero, and then every image is grey.
    """
    for module in generator.modules():
        if isinstance(module, ConditionalBatchNorm2d):
            nn.init.uniform_(module.gain.weight, 0.5, 1.5)


@pytest.mark.parametrize(("side", "base", "expected"), [(8, 8, 1), (16, 8, 1), (28, 7, 2), (32, 7, 3), (33, 8, 3)])
def test_depth_follows_resolution(side: int, base: int, expected: int) -> None:
    assert doublings(side, side - 1, base) == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(8, 8), (9, 13), (28, 28), (32, 20), (47, 47), (128, 128)])
def test_any_size_and_channel_count_fits(architecture: str, channels: int, sides: tuple[int, int]) -> None:
    shape = (channels, *sides)
    generator, discriminator = pair(shape, architecture=architecture)
    images = generator(torch.randn(3, 6), LABELS)
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1.0
    scores, logits = discriminator(images, LABELS)
    assert scores.shape == (3,)
    assert logits is not None
    assert logits.shape == (3, 5)


def test_two_by_two_pixels_become_channels_and_pixels_again() -> None:
    image = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]])
    x = torch.stack([image, -image])[None]  # two channels
    depth = space_to_depth(x)
    assert depth.is_contiguous(memory_format=torch.channels_last)
    assert depth[0, :, 0].tolist() == [[1, 3], [-1, -3], [2, 4], [-2, -4], [5, 7], [-5, -7], [6, 8], [-6, -8]]
    assert torch.equal(depth_to_space(depth), x)


def test_of_one_channel_pixels_become_channels_in_torchs_order() -> None:
    x = torch.randn(2, 1, 6, 4)
    assert torch.equal(space_to_depth(x), torch.nn.functional.pixel_unshuffle(x, 2))


def test_a_thousand_classes_fit() -> None:
    generator, discriminator = pair((3, 16, 16), classes=1000)
    scores, _ = discriminator(generator(torch.randn(2, 6), torch.tensor([0, 999])), torch.tensor([0, 999]))
    assert scores.shape == (2,)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("conditioning", ["batch_norm", "concat"])
def test_the_label_changes_the_image(architecture: str, conditioning: str) -> None:
    generator, _ = pair((1, 8, 8), architecture=architecture, generator=conditioning)
    tell_classes_apart(generator)
    noise = torch.randn(1, 6).expand(3, 6)
    images = generator.eval()(noise, torch.tensor([0, 1, 2]))
    assert not torch.allclose(images[0], images[1])
    assert not torch.allclose(images[1], images[2])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("conditioning", ["batch_norm", "concat"])
def test_a_fresh_generator_makes_different_images_of_different_noise(architecture: str, conditioning: str) -> None:
    for _ in range(20):
        generator, _ = pair((1, 8, 8), architecture=architecture, generator=conditioning)
        images = generator(torch.randn(32, 6), torch.arange(32) % 5)
        assert images.std(dim=0).mean() > 0.1


@pytest.mark.parametrize(
    ("conditioning", "scores_differ", "has_logits"),
    [
        ("projection", True, False),
        ("auxiliary", False, True),
        ("both", True, True),
        ("concat", True, False),
        ("none", False, False),
    ],
)
def test_the_discriminator_learns_of_labels_as_asked(conditioning: str, scores_differ: bool, has_logits: bool) -> None:
    _, discriminator = pair((1, 8, 8), discriminator=conditioning)
    images = torch.rand(1, 1, 8, 8).expand(3, -1, -1, -1)
    scores, logits = discriminator.eval()(images, torch.tensor([0, 1, 2]))
    assert (not torch.allclose(scores[0], scores[1])) == scores_differ
    assert (logits is not None) == has_logits
    if logits is not None:
        assert torch.allclose(logits[0], logits[1])


def test_labels_count_as_much_as_their_strength() -> None:
    generator, discriminator = pair((1, 8, 8))
    tell_classes_apart(generator)
    noise, labels = torch.randn(1, 6).expand(2, 6), torch.tensor([0, 1])
    for strength, alike in ((0.0, True), (0.5, False), (1.0, False)):
        for network in (generator.eval(), discriminator.eval()):
            set_strength(network, strength)
        images = generator(noise, labels)
        scores, _ = discriminator(images[:1].expand(2, -1, -1, -1), labels)
        assert torch.allclose(images[0], images[1], atol=1e-6) == alike  # rows of a batch may round differently
        assert torch.allclose(scores[0], scores[1], atol=1e-6) == alike


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_layer_of_the_discriminator_is_spectrally_normal(architecture: str) -> None:
    _, discriminator = pair((1, 16, 16), architecture=architecture)
    for _ in range(60):  # power iteration converges over forward passes
        discriminator(torch.zeros(2, 1, 16, 16), torch.tensor([0, 1]))
    layers = [each for each in discriminator.modules() if isinstance(each, nn.Conv2d | nn.Linear | nn.Embedding)]
    assert layers
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2)
        assert largest.item() == pytest.approx(1.0, abs=0.05)


def test_without_spectral_norm_weights_are_left_alone() -> None:
    _, discriminator = pair((1, 8, 8), spectral_norm=False)
    assert not [name for name, _ in discriminator.named_parameters() if "parametrizations" in name]


def test_residual_blocks_may_attend_and_see_the_noise() -> None:
    plain, _ = pair((1, 28, 28), architecture="resnet")
    rich, discriminator = pair((1, 28, 28), architecture="resnet", attention=True, skip_latent=True)
    assert sum(map(torch.numel, rich.parameters())) > sum(map(torch.numel, plain.parameters()))
    scores, _ = discriminator(rich(torch.randn(3, 6), LABELS), LABELS)
    scores.sum().backward()
    assert all(weight.grad is not None for name, weight in rich.named_parameters() if "from_noise" in name)


def test_attention_begins_as_the_identity_and_keeps_odd_shapes() -> None:
    x = torch.randn(2, 16, 7, 5)
    assert torch.equal(SelfAttention(16)(x), x)


def test_normalisation_is_per_class() -> None:
    norm = ConditionalBatchNorm2d(2, 3)
    norm.gain.weight.data[1] = 5.0
    x = torch.randn(64, 2, 4, 4)
    y = norm(x, torch.arange(64) % 3, torch.empty(64, 0))
    spread = [y[torch.arange(64) % 3 == label].std().item() for label in range(3)]
    assert spread[1] == pytest.approx(5.0, abs=0.5)
    assert spread[0] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("kind", "deviation"), [("normal", 0.02), ("he", (2 / (1 + 0.04) / 200) ** 0.5)])
def test_initialisations_have_their_spread(kind: str, deviation: float) -> None:
    layer = nn.Linear(200, 300)
    initialise(layer, kind)
    assert layer.weight.std().item() == pytest.approx(deviation, rel=0.05)
    assert not layer.bias.any()


def test_xavier_is_bounded_and_orthogonal_is_orthogonal() -> None:
    layer = nn.Linear(30, 20)
    initialise(layer, "xavier")
    assert layer.weight.abs().max().item() == pytest.approx((6 / 50) ** 0.5, rel=0.05)
    initialise(layer, "orthogonal")
    assert torch.allclose(layer.weight @ layer.weight.T, torch.eye(20), atol=1e-5)


def test_dropout_repeats_from_the_same_generator_state_and_keeps_the_mean() -> None:
    dropout = Dropout(0.25)
    dropout.rng = torch.Generator().manual_seed(0)
    first = dropout(torch.ones(10_000))
    assert first.mean().item() == pytest.approx(1.0, abs=0.03)
    assert (first == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    dropout.rng.manual_seed(0)
    assert torch.equal(dropout(torch.ones(10_000)), first)
    assert torch.equal(dropout.eval()(torch.ones(5)), torch.ones(5))


@pytest.mark.parametrize("sides", [(8, 8), (9, 13), (15, 8), (14, 10)])
def test_padding_is_undone_by_cropping(sides: tuple[int, int]) -> None:
    images = torch.randn(2, 1, *sides)
    padded = pad_to_multiple(images, 4)
    assert padded.shape[2] % 4 == padded.shape[3] % 4 == 0
    assert torch.equal(centre_crop(padded, *sides), images)
    assert torch.equal(
        padded[:, :, 0, padded.shape[3] // 2], padded[:, :, (padded.shape[2] - sides[0]) // 2, padded.shape[3] // 2]
    )
