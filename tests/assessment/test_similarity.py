import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import convolve2d

from augment.assessment.similarity import SCALE_WEIGHTS, ms_ssim

C1, C2 = 6.5025, 58.5225  # (0.01 · 255)², (0.03 · 255)²

shapes = st.tuples(st.integers(1, 4), st.sampled_from([1, 3]), st.integers(8, 40), st.integers(8, 40))
seeds = st.integers(0, 2**32 - 1)


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size=shape, dtype=np.uint8)


def smooth(size: int, seed: int) -> np.ndarray:
    """One grey image of a few broad waves, as neighbouring pixels of a photograph are alike."""
    rng = np.random.default_rng(seed)
    grid = np.arange(size) / size
    waves = [np.sin(2 * np.pi * (a * grid[:, None] + b * grid + c)) for a, b, c in rng.uniform(0, 3, size=(6, 3))]
    image = np.sum(waves, axis=0)
    return ((image - image.min()) / np.ptp(image) * 255).astype(np.uint8)[None, None]


def by_definition(first: np.ndarray, second: np.ndarray, scales: int) -> float:
    """MS-SSIM of two grey images as the paper writes it, by two-dimensional convolution."""
    a, b = first.astype(float), second.astype(float)
    weights, product = SCALE_WEIGHTS[:scales] / SCALE_WEIGHTS[:scales].sum(), 1.0
    for scale in range(scales):
        size = min(11, *a.shape)
        offsets = np.arange(size) - (size - 1) / 2
        window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * (1.5 * size / 11) ** 2))
        window /= window.sum()
        mean_a, mean_b = convolve2d(a, window, "valid"), convolve2d(b, window, "valid")
        var_a = convolve2d(a * a, window, "valid") - mean_a**2
        var_b = convolve2d(b * b, window, "valid") - mean_b**2
        shared = convolve2d(a * b, window, "valid") - mean_a * mean_b
        term = (2 * shared + C2) / (var_a + var_b + C2)
        if scale == scales - 1:
            term = term * (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
        product *= max(0.0, term.mean()) ** weights[scale]
        a, b = (convolve2d(x, np.full((2, 2), 0.25), "valid")[::2, ::2] for x in (a, b))
    return float(product)


@pytest.mark.parametrize(("size", "scales"), [(8, 1), (15, 1), (16, 2), (28, 2), (32, 3), (64, 4), (128, 5), (256, 5)])
def test_flat_images_match_the_closed_form_and_show_the_number_of_scales(size: int, scales: int) -> None:
    # Without any contrast every cs is C2 / C2 = 1; luminance is (2ab + C1) / (a² + b² + C1) = 40006.5025 / 50006.5025.
    images = np.full((2, 1, 1, size, size), 100, dtype=np.uint8)
    images[1] = 200
    weight = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333][scales - 1] / SCALE_WEIGHTS[:scales].sum()
    assert ms_ssim(*images) == pytest.approx([(40006.5025 / 50006.5025) ** weight])


@pytest.mark.parametrize(("size", "scales"), [(8, 1), (28, 2), (32, 3), (128, 5)])
def test_it_agrees_with_the_definition(size: int, scales: int) -> None:
    first = smooth(size, 0)
    second = (0.6 * first + 0.4 * noise(first.shape, 1)).astype(np.uint8)
    expected = by_definition(first[0, 0], second[0, 0], scales)
    assert 0.05 < expected < 0.95
    assert ms_ssim(first, second) == pytest.approx([expected])


def test_channels_are_averaged() -> None:
    grey = np.concatenate([smooth(8, k) for k in range(2)])
    # One scale: no power, so the mean over channels is the mean of their values where none is negative.
    apart = ms_ssim(grey, grey[::-1])
    together = ms_ssim(grey.reshape(1, 2, 8, 8), grey[::-1].reshape(1, 2, 8, 8))
    assert together == pytest.approx([apart.mean()])


@given(shapes, seeds)
def test_equal_images_have_similarity_one(shape: tuple[int, int, int, int], seed: int) -> None:
    images = noise(shape, seed)
    assert ms_ssim(images, images) == pytest.approx(np.ones(shape[0]))


@given(shapes, seeds)
def test_it_is_symmetric_within_range_and_looks_at_one_pair_at_a_time(
    shape: tuple[int, int, int, int], seed: int
) -> None:
    first, second = noise(shape, seed), noise(shape, seed + 1)
    found = ms_ssim(first, second)
    assert found == pytest.approx(ms_ssim(second, first))
    assert ((found >= 0) & (found <= 1)).all()
    assert found == pytest.approx(
        np.concatenate([ms_ssim(first[k : k + 1], second[k : k + 1]) for k in range(shape[0])])
    )


@pytest.mark.parametrize("size", [8, 28, 64])
def test_more_noise_is_less_alike(size: int) -> None:
    image = smooth(size, 3).astype(float)
    jitter = np.random.default_rng(0).normal(size=image.shape)
    found = [
        ms_ssim(image.astype(np.uint8), (image + level * jitter).clip(0, 255).astype(np.uint8))[0]
        for level in (0, 5, 20, 60, 200)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] == 1.0
