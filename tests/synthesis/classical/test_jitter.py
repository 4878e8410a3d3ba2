import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from augment.core.images import ImageSet, make_image_set
from augment.runtime.batches import to_float, to_uint8
from augment.synthesis.classical.jitter import affine_maps, fit_jitter
from augment.synthesis.classical.jitter_spec import JitterSpec
from tests.synthesis.classical.conftest import normal, random_images

STILL = JitterSpec(kind="jitter", rotation=0.0, scaling=0.0, shift=0.0)
SHAPES = st.sampled_from([(1, 8, 8), (3, 8, 8), (1, 9, 13), (3, 64, 20)])


def of_one_image(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> ImageSet:
    return make_image_set(pixels[None, None], [0], ["only"])


def moved(images: ImageSet, spec: JitterSpec, count: int) -> Tensor:
    jitter = fit_jitter(images, spec, seed=0).eval()
    moved: Tensor = jitter(normal(count, jitter.latent_dim), torch.zeros(count, dtype=torch.int64))
    return moved


@given(SHAPES, st.integers(1, 3))
def test_without_ranges_images_come_back_as_they_are(shape: tuple[int, int, int], count: int) -> None:
    train = random_images([count], shape)
    originals = {image.tobytes() for image in train.images}
    assert {image.tobytes() for image in to_uint8(moved(train, STILL, 20))} <= originals


def test_mirrors_half_of_the_images_where_allowed_and_none_elsewhere() -> None:
    bar = np.zeros((8, 8), dtype=np.uint8)
    bar[:, 6] = 255
    on_the_left = [
        int((moved(of_one_image(bar), STILL.model_copy(update={"flips": flips}), 400)[:, 0, 0, 1] > 0).sum())
        for flips in (False, True)
    ]
    assert on_the_left[0] == 0
    assert 150 < on_the_left[1] < 250


def test_a_mark_is_shifted_by_no_more_than_the_share_of_each_side() -> None:
    mark = np.zeros((20, 40), dtype=np.uint8)
    mark[10, 20] = 255
    images = (moved(of_one_image(mark), STILL.model_copy(update={"shift": 0.2}), 500)[:, 0] + 1) / 2
    mass = images.sum(dim=(1, 2))
    down = (images.sum(2) * torch.arange(20.0)).sum(1) / mass - 10
    right = (images.sum(1) * torch.arange(40.0)).sum(1) / mass - 20
    assert 3.5 < down.abs().max() < 4.0 + 0.01
    assert 7.5 < right.abs().max() < 8.0 + 0.01


def test_a_quarter_turn_of_an_oblong_image_keeps_lengths() -> None:
    """A rotation in half sides instead of pixels would stretch the bar from 7 to 14 pixels."""
    bar = torch.full((1, 1, 20, 40), -1.0)
    bar[..., 9:11, 16:23] = 1.0
    spec = JitterSpec(kind="jitter", rotation=90.0)
    maps = affine_maps(torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0]]), spec, 20, 40)
    turned = F.grid_sample(bar, F.affine_grid(maps, [1, 1, 20, 40], align_corners=False), align_corners=False)[0, 0]
    rows, columns = ((turned > 0).any(dim=1).sum().item(), (turned > 0).any(dim=0).sum().item())
    assert (rows, columns) == (7, 2)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 180), st.floats(0, 0.9))
def test_maps_turn_and_scale_as_far_as_the_spec_says(
    turn: float, growth: float, rotation: float, scaling: float
) -> None:
    spec = JitterSpec(kind="jitter", rotation=rotation, scaling=scaling)
    matrix = affine_maps(torch.tensor([[turn, growth, 0.0, 0.0, 0.0]]), spec, 8, 8)[0, :, :2]
    factor = 1 + growth * scaling
    assert torch.linalg.det(matrix).item() == pytest.approx(factor**-2, rel=1e-4)
    angle = math.radians(rotation) * turn
    assert torch.allclose(matrix[0] * factor, torch.tensor([math.cos(angle), -math.sin(angle)]), atol=1e-5)


def test_what_comes_in_from_outside_repeats_the_border() -> None:
    white = np.full((8, 8), 255, dtype=np.uint8)
    images = moved(of_one_image(white), JitterSpec(kind="jitter", rotation=180.0, scaling=0.5, shift=0.5), 50)
    assert images.min() > 1.0 - 1e-5


def test_pixel_noise_has_the_deviation_asked_for() -> None:
    grey = np.full((16, 16), 128, dtype=np.uint8)
    images = moved(of_one_image(grey), STILL.model_copy(update={"pixel_noise": 10.0}), 100)
    assert images.std().item() * 127.5 == pytest.approx(10.0, rel=0.02)
    assert images.mean(dim=0).std() < images.std() / 5  # other noise on every image


def test_loud_pixel_noise_stays_in_range() -> None:
    images = moved(random_images([3], (3, 8, 8)), STILL.model_copy(update={"pixel_noise": 200.0}), 50)
    assert images.abs().max().item() == 1.0


def test_pixel_noise_takes_latent_entries_only_where_there_is_some() -> None:
    train = random_images([2], (3, 5, 4))
    assert fit_jitter(train, STILL, seed=0).latent_dim == 6
    assert fit_jitter(train, STILL.model_copy(update={"pixel_noise": 1.0}), seed=0).latent_dim == 6 + 60


def test_the_image_moved_is_chosen_apart_from_how_it_moves() -> None:
    train = random_images([2], (1, 4, 4))
    jitter = fit_jitter(train, STILL, seed=0)
    noise = torch.zeros(2, jitter.latent_dim)
    noise[:, 0] = torch.tensor([-1.0, 1.0])
    assert torch.allclose(jitter(noise, torch.tensor([0, 0])), to_float(jitter.bank.images), atol=1e-5)
