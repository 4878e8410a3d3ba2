import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as kernels

from augment.classifier.policies import MOVES, affine_maps, operate

BRIGHTNESS, COLOUR, CONTRAST, SHARPNESS, POSTERIZE, SOLARIZE, AUTOCONTRAST, EQUALIZE = range(6, 14)


def images(count: int, channels: int = 3) -> Tensor:
    return torch.rand(count, channels, 9, 9, generator=torch.Generator().manual_seed(0)) * 2 - 1


def operated(number: int, level: float, sign: float, channels: int = 3) -> Tensor:
    """Apply one operation to four images, in torchvision's range."""
    given = torch.full((4,), number), torch.full((4,), level), torch.full((4,), sign)
    return operate(images(4, channels), *given) * 0.5 + 0.5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_operations_on_values_are_torchvisions(channels: int, level: float, sign: float) -> None:
    unit, factor = images(4, channels) * 0.5 + 0.5, 1 + 0.9 * level * sign
    expected = {
        BRIGHTNESS: kernels.adjust_brightness(unit, factor),
        COLOUR: kernels.adjust_saturation(unit, factor),
        CONTRAST: kernels.adjust_contrast(unit, factor),
        SHARPNESS: kernels.adjust_sharpness(unit, factor),
        POSTERIZE: kernels.posterize(unit, {0.0: 8, 0.3: 7, 1.0: 4}[level]),
        SOLARIZE: kernels.solarize(unit, 1.0 - level),
        AUTOCONTRAST: kernels.autocontrast(unit),
        EQUALIZE: kernels.equalize(unit),
    }
    for number, image in expected.items():
        assert torch.allclose(operated(number, level, sign, channels), image, atol=1e-5), number


def test_images_of_one_batch_do_not_see_each_others_operations() -> None:
    numbers, levels = torch.arange(14), torch.linspace(0, 1, 14)
    signs = torch.where(numbers % 2 == 0, 1.0, -1.0)
    batch = images(14)
    together = operate(batch, numbers, levels, signs)
    alone = [operate(batch[k : k + 1], numbers[k : k + 1], levels[k : k + 1], signs[k : k + 1]) for k in range(14)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-6)


def test_identity_changes_nothing() -> None:
    assert torch.allclose(operated(0, 1.0, 1.0), images(4) * 0.5 + 0.5)


def test_moves_reach_as_far_as_randaugment_says() -> None:
    linear, shift = affine_maps(torch.arange(len(MOVES)), torch.ones(len(MOVES)))
    assert linear[1].tolist() == [[1.0, pytest.approx(0.3)], [0.0, 1.0]]
    assert linear[2].tolist() == [[1.0, 0.0], [pytest.approx(0.3), 1.0]]
    assert linear[5].flatten().tolist() == pytest.approx([3**0.5 / 2, -0.5, 0.5, 3**0.5 / 2])  # 30 degrees
    assert shift.tolist() == [
        [0, 0],
        [0, 0],
        [0, 0],
        [pytest.approx(150 / 331), 0],
        [0, pytest.approx(150 / 331)],
        [0, 0],
    ]
