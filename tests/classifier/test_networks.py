import pytest
import torch

from augment.classifier.networks import SmallCNN


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(8, 8), (9, 13), (28, 28), (64, 64)])
def test_any_size_and_channel_count_fits(channels: int, sides: tuple[int, int]) -> None:
    network = SmallCNN((channels, *sides), 5, width=4)
    images = torch.randn(3, channels, *sides)
    assert network(images).shape == (3, 5)
    assert network.features(images).shape == (3, 16)
