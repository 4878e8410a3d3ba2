"""Every architecture once more, layer by layer, in nothing but torch's functions on the network's own weights."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

from augment.synthesis.networks.architectures import DiscriminatorSpec, NetworkSpec
from augment.synthesis.networks.build import build_discriminator, build_generator
from augment.synthesis.networks.layers import ConditionalBatchNorm2d, SelfAttention, depth_to_space, space_to_depth
from augment.synthesis.networks.resnet import DownBlock

Network = Any
LABELS = torch.tensor([0, 2, 1])
PARAMETERS = {
    # Generator: stem, norms of 3 classes, convolutions, image. Discriminator: convolutions, then the head's realness,
    # projection and auxiliary logits. For 8×8 grey images, width 4, 6 numbers of noise.
    "compact": (
        6 * 32 + 32 + 2 * 3 * (8 + 4 + 4) + 8 * 16 * 9 + 4 * 4 * 9 + 4 * 4 * 9 + 4,
        4 * 4 * 9 + 4 + 16 * 8 * 9 + 8 + 8 * 16 * 9 + 16 + 17 + 48 + 51,
    ),
    "dcgan": (6 * 64 + 2 * 3 * 4 + 4 * 16, 4 * 16 + 4 + 65 + 192 + 195),
    "resnet": (
        6 * 128 + 128 + 2 * 3 * (8 + 4) + 8 * 4 * 9 + 4 * 4 * 9 + 4 + 8 * 4 + 4 + 2 * 4 + 4 * 9 + 1,
        8 * 9 + 8 + 8 * 8 * 9 + 8 + 8 + 8 + 8 * 8 * 9 + 8 + 9 + 24 + 27,
    ),
    "mlp": (
        7 * 64 + 65 * 128 + 129 * 256 + 2 * 3 * (64 + 128 + 256) + 257 * 64,
        65 * 128 + 129 * 64 + 65 + 192 + 195,
    ),
}


def generator_of(architecture: str, side: int, conditioning: str = "batch_norm", **settings: Any) -> Network:
    spec = NetworkSpec.registered()[architecture](width=4, latent_dim=6, **settings)
    torch.manual_seed(0)
    network = build_generator((1, side, side), 3, spec, conditioning)
    for module in network.modules():
        if isinstance(module, ConditionalBatchNorm2d):
            nn.init.uniform_(module.gain.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias.weight, -0.5, 0.5)
    return network.eval()


def discriminator_of(architecture: str, side: int, **settings: Any) -> Network:
    spec = NetworkSpec.registered()[architecture](width=4, latent_dim=6, **settings)
    torch.manual_seed(0)
    return build_discriminator((1, side, side), 3, spec, DiscriminatorSpec(spectral_norm=False), "both")


@pytest.mark.parametrize("architecture", PARAMETERS)
def test_layers_have_the_sizes_that_their_widths_say(architecture: str) -> None:
    networks = generator_of(architecture, 8), discriminator_of(architecture, 8)
    found = tuple(sum(weight.numel() for weight in network.parameters()) for network in networks)
    assert found == PARAMETERS[architecture]


def conv(x: Tensor, layer: nn.Conv2d, **settings: int) -> Tensor:
    return F.conv2d(x, layer.weight, layer.bias, **settings)


def norm(x: Tensor, layer: ConditionalBatchNorm2d, labels: Tensor = LABELS) -> Tensor:
    """Normalise by a fresh layer's statistics: mean 0, variance 1 and what is added against division by 0."""
    gain, bias = (each.weight[labels][:, :, None, None] for each in (layer.gain, layer.bias))
    return x / (1 + 1e-5) ** 0.5 * gain + bias


def double(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def compact_generator(network: Network, noise: Tensor) -> Tensor:
    x = network.stem(noise).view(3, 8, 7, 7)
    for layer, each in zip(network.up, network.norms, strict=False):
        x = depth_to_space(conv(norm(x, each).relu(), layer, padding=1))
    x = conv(norm(x, network.norms[-2]).relu(), network.last, padding=1)
    return depth_to_space(conv(norm(x, network.norms[-1]).relu(), network.to_image, padding=1))


def dcgan_generator(network: Network, noise: Tensor) -> Tensor:
    x = (noise @ network.stem.weight.T).view(3, 8, 7, 7)
    for layer, each in zip(network.convolutions, network.norms, strict=True):
        x = F.conv_transpose2d(norm(x, each).relu(), layer.weight, stride=2, padding=1)
    return x


def resnet_generator(network: Network, noise: Tensor) -> Tensor:
    x = network.stem(noise).view(3, 16, 7, 7)
    for block in network.blocks:
        y = conv(double(norm(x, block.norm1).relu()), block.conv1, padding=1)
        y = conv(norm(y, block.norm2).relu(), block.conv2, padding=1)
        x = y + double(conv(x, block.shortcut))
    return conv(norm(x, network.norm, LABELS * 0).relu(), network.to_image, padding=1)


def mlp_generator(network: Network, noise: Tensor) -> Tensor:
    x = noise
    for layer, each in zip(network.hidden, network.norms, strict=True):
        x = F.leaky_relu(norm(layer(x)[:, :, None, None], each)[:, :, 0, 0], 0.2)
    return network.to_image(x).view(3, 1, 28, 28)


def compact_discriminator(network: Network, x: Tensor) -> Tensor:
    for layer in network.down:
        x = F.leaky_relu(conv(space_to_depth(x), layer, padding=1), 0.2)
    return F.leaky_relu(conv(x, network.last, padding=1), 0.2).sum((2, 3))


def dcgan_discriminator(network: Network, x: Tensor) -> Tensor:
    for layer in network.convolutions:
        x = F.leaky_relu(conv(x, layer, stride=2, padding=1), 0.2)
    return x.flatten(1)


def resnet_discriminator(network: Network, x: Tensor) -> Tensor:
    for number, block in enumerate(network.blocks):
        y = conv(x.relu() if number else x, block.conv1, padding=1)
        y = F.avg_pool2d(conv(y.relu(), block.conv2, padding=1), 2)
        x = y + conv(F.avg_pool2d(x, 2), block.shortcut)
    return (x + conv(x.relu(), network.last, padding=1)).relu().sum((2, 3))


def mlp_discriminator(network: Network, x: Tensor) -> Tensor:
    x = x.flatten(1)
    for layer in network.hidden:
        x = F.leaky_relu(layer(x), 0.2)
    return x


BY_HAND: dict[str, tuple[Callable[[Network, Tensor], Tensor], Callable[[Network, Tensor], Tensor]]] = {
    "compact": (compact_generator, compact_discriminator),
    "dcgan": (dcgan_generator, dcgan_discriminator),
    "resnet": (resnet_generator, resnet_discriminator),
    "mlp": (mlp_generator, mlp_discriminator),
}


@pytest.mark.parametrize("architecture", BY_HAND)
def test_the_generator_is_its_layers(architecture: str) -> None:
    network, noise = generator_of(architecture, 28), torch.randn(3, 6)
    expected = BY_HAND[architecture][0](network, noise)
    assert expected.shape == (3, 1, 28, 28)  # nothing is left to be cut off
    assert_close(network.draw(noise, LABELS), expected, rtol=1e-4, atol=1e-5)
    assert_close(network(noise, LABELS), expected.tanh(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", BY_HAND)
def test_the_discriminators_features_are_its_layers(architecture: str) -> None:
    network, images = discriminator_of(architecture, 28), torch.rand(3, 1, 28, 28) * 2 - 1
    assert_close(network.features(images), BY_HAND[architecture][1](network, images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", BY_HAND)
def test_a_label_beside_the_noise_leaves_one_class_to_the_norms(architecture: str) -> None:
    network, noise = generator_of(architecture, 28, "concat"), torch.randn(3, 6)
    norms = [module for module in network.modules() if isinstance(module, ConditionalBatchNorm2d)]
    assert {each.gain.num_embeddings for each in norms} == {1}
    beside = torch.cat([noise, torch.eye(3)[LABELS]], dim=1)
    assert_close(network(noise, LABELS), network.draw(beside, LABELS * 0).tanh(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("attention", "kind"), [(False, nn.Identity), (True, SelfAttention)])
def test_attention_is_there_where_it_is_asked_for(attention: bool, kind: type[nn.Module]) -> None:
    networks = [make("resnet", 28, attention=attention) for make in (generator_of, discriminator_of)]
    assert [type(network.attention) for network in networks] == [kind, kind]


def test_only_a_first_block_takes_signed_values() -> None:
    assert not DownBlock(1, 2).first
    assert [block.first for block in discriminator_of("resnet", 28).blocks] == [True, False]


def test_attention_attends_from_every_position_to_the_halved_map() -> None:
    torch.manual_seed(0)
    layer, x = SelfAttention(16), torch.randn(2, 16, 4, 6)
    layer.strength.data.fill_(0.5)
    assert [tuple(weight.shape) for weight in layer.parameters()] == [
        (),
        (2, 16, 1, 1),
        (2, 16, 1, 1),
        (8, 16, 1, 1),
        (16, 8, 1, 1),
    ]
    small = F.avg_pool2d(x, 2)
    query, key, value = layer.query(x).flatten(2), layer.key(small).flatten(2), layer.value(small).flatten(2)
    weights = torch.einsum("ncp,ncq->npq", query, key).softmax(2)
    attended = torch.einsum("npq,ncq->ncp", weights, value).view(2, 8, 4, 6)
    assert_close(layer(x), x + 0.5 * layer.out(attended), rtol=1e-4, atol=1e-5)
