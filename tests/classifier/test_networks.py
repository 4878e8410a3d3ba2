import pytest
import torch
from torch import Tensor

from augment.classifier.building import build_backbone
from augment.classifier.classifier_spec import ClassifierSpec
from augment.classifier.networks import Backbone
from augment.classifier.parts import BACKBONES, options_of
from augment.core.errors import SettingsError
from augment.core.settings_block import parse

OPTIONS = {"width": 4, "pretrained": {"model": "tf_efficientnet_lite0", "side": 32}}
"""Option of a backbone → what makes it small."""


def build(name: str, shape: tuple[int, int, int]) -> Backbone:
    torch.manual_seed(0)
    small = {option: OPTIONS[option] for option in options_of(name)}
    return build_backbone(shape, 5, ClassifierSpec.model_validate({"backbone": name, **small})).eval()


@pytest.mark.parametrize("name", list(BACKBONES))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(8, 8), (9, 13), (28, 28), (128, 128)])
def test_any_size_and_channel_count_fits(name: str, channels: int, sides: tuple[int, int]) -> None:
    network = build(name, (channels, *sides))
    images = torch.randn(2, channels, *sides)
    assert network(images).shape == (2, 5)
    assert network.features(images).shape == (2, network.head.in_features)


def test_resnet18_looks_at_every_pixel_of_a_small_image_first() -> None:
    network = build("resnet18", (3, 8, 8))
    sides, maps = [], torch.randn(1, 3, 8, 8)
    for stage in network.stages:
        maps = stage(maps)
        sides.append(maps.shape[2])
    assert sides == [8, 8, 4, 2, 1]
    # torchvision's has 11,689,512; here the head has 5 of its 1000 classes, the stem 9 of its 49 weights a channel.
    assert sum(weight.numel() for weight in network.parameters()) == 11_689_512 - 995 * 513 - 64 * 3 * 40


@pytest.mark.parametrize(("side", "expected"), [(8, [8, 4, 2]), (15, [15, 7, 3, 1]), (16, [8, 4, 2])])
def test_the_small_cnn_halves_large_images_at_once(side: int, expected: list[int]) -> None:
    maps, sides = torch.randn(1, 1, side, side), []
    for stage in build("small_cnn", (1, side, side)).stages:
        maps = stage(maps)
        sides.append(maps.shape[2])
    assert sides == expected


@pytest.mark.parametrize("name", list(BACKBONES))
@pytest.mark.parametrize("channels", [1, 3])
def test_maps_are_channels_last_even_where_images_are_grey(name: str, channels: int) -> None:
    network = build(name, (channels, 16, 16))
    layouts: list[bool] = []
    for stage in network.stages:
        stage.register_forward_hook(
            lambda _, __, maps: layouts.append(maps.is_contiguous(memory_format=torch.channels_last))
        )
    network(torch.randn(2, channels, 16, 16))
    assert layouts == [True] * len(network.stages)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_maps_can_be_changed_before_any_stage(name: str) -> None:
    network, images = build(name, (1, 8, 8)), torch.randn(4, 1, 8, 8)
    for depth in range(len(network.stages)):
        seen: list[Tensor] = []

        def swap(maps: Tensor, seen: list[Tensor] = seen) -> Tensor:
            seen.append(maps)
            return maps.flip(0)

        assert torch.allclose(network.features(images, swap, depth), network.features(images).flip(0), atol=1e-5)
        assert [maps.shape[0] for maps in seen] == [4]


def test_a_width_that_no_one_would_hear_is_refused() -> None:
    having = ", ".join(name for name in BACKBONES if "width" in options_of(name))
    with pytest.raises(SettingsError, match=f"width: only backbone {having} has it, found resnet18"):
        parse(ClassifierSpec, {"backbone": "resnet18", "width": 8}, "params.yaml")


def test_an_unknown_backbone_is_refused_and_never_another_network() -> None:
    with pytest.raises(SettingsError, match=r"backbone: input should be .*'resnet18'.* \(found 'resnet19'\)"):
        parse(ClassifierSpec, {"backbone": "resnet19"}, "params.yaml")
    unchecked = ClassifierSpec().model_copy(update={"backbone": "resnet19"})
    with pytest.raises(SettingsError, match=f"unknown backbone 'resnet19'; expected one of {', '.join(BACKBONES)}"):
        build_backbone((1, 8, 8), 2, unchecked)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_a_backbones_options_are_keys_of_the_classifier(name: str) -> None:
    assert set(options_of(name)) <= set(ClassifierSpec.model_fields)
