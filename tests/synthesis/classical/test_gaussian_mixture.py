import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from torch.testing import assert_close

from augment.core.images import ImageSet, make_image_set
from augment.runtime.batches import to_float
from augment.synthesis.classical.gaussian_mixture import (
    GaussianMixture,
    affordable_gaussians,
    fit_class,
    fit_mixture,
    right_ends,
)
from augment.synthesis.classical.gaussian_mixture_spec import GaussianMixtureSpec
from tests.synthesis.classical.conftest import normal, random_images

SPEC = GaussianMixtureSpec(kind="mixture", components=4, gaussians=3)


def dim_images(count: int, seed: int = 0) -> ImageSet:
    """Make two classes of 3×4 images whose pixels are correlated and far from black and white."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    values = 128 + rng.normal(size=(count, 12)) @ rng.normal(scale=4, size=(12, 12)) + 20 * labels[:, None]
    return make_image_set(values.round().astype(np.uint8).reshape(count, 1, 3, 4), labels, ["dark", "bright"])


def points(mixture: GaussianMixture, images: torch.Tensor) -> torch.Tensor:
    """Give coordinates on the principal axes."""
    return (images.flatten(1) - mixture.centre) @ mixture.basis.T


@pytest.mark.parametrize("label", [0, 1])
def test_one_gaussian_has_the_mean_and_the_covariance_of_its_class(label: int) -> None:
    train = dim_images(600)
    mixture = fit_mixture(train, SPEC.model_copy(update={"gaussians": 1}), seed=0)
    real = points(mixture, to_float(torch.from_numpy(train.images[train.labels == label])))
    count = 20_000
    drawn = points(mixture, mixture(normal(count, mixture.latent_dim), torch.full((count,), label)))
    scale = real.std(0)
    # Five standard errors: of a mean 1/√n deviations, of a covariance √(2/n) at most.
    assert ((drawn.mean(0) - real.mean(0)) / scale).abs().max() < 5 / count**0.5
    expected = torch.cov(real.T, correction=0) + SPEC.regularisation * torch.eye(4)
    assert ((torch.cov(drawn.T) - expected) / torch.outer(scale, scale)).abs().max() < 5 * (2 / count) ** 0.5


def test_a_diagonal_covariance_leaves_components_uncorrelated() -> None:
    spec = SPEC.model_copy(update={"gaussians": 1, "covariance": "diag"})
    train = dim_images(600)
    mixture = fit_mixture(train, spec, seed=0)
    real = points(mixture, to_float(torch.from_numpy(train.images[train.labels == 1])))
    drawn = points(mixture, mixture(normal(20_000, 5), torch.ones(20_000, dtype=torch.int64)))
    assert torch.corrcoef(drawn.T).sub(torch.eye(4)).abs().max() < 0.04
    assert torch.allclose(drawn.var(0), real.var(0, correction=0) + spec.regularisation, rtol=0.06)


def test_gaussians_are_drawn_as_often_as_they_weigh() -> None:
    """Three quarters of the only class are dark, one quarter bright."""
    rng = np.random.default_rng(0)
    images = rng.integers(40, 60, size=(80, 1, 2, 2), dtype=np.uint8)
    images[::4] += 150
    train = make_image_set(images, np.zeros(80), ["both"])
    mixture = fit_mixture(train, SPEC.model_copy(update={"components": 1, "gaussians": 2}), seed=0)
    drawn = mixture(normal(8000, 2), torch.zeros(8000, dtype=torch.int64))
    assert (drawn.mean(dim=(1, 2, 3)) > 0).double().mean().item() == pytest.approx(0.25, abs=0.02)


def test_the_first_noise_entry_chooses_the_gaussian_and_moves_nothing() -> None:
    mixture = fit_mixture(dim_images(600), SPEC, seed=0)
    noise = torch.zeros(200, mixture.latent_dim)
    noise[:, 0] = normal(200, 1)[:, 0]
    drawn = mixture(noise, torch.zeros(200, dtype=torch.int64))
    means = (mixture.centre + mixture.means[: SPEC.gaussians] @ mixture.basis).reshape(-1, 1, 3, 4)
    assert torch.cdist(drawn.flatten(1), means.flatten(1)).min(dim=1).values.max() < 1e-3
    assert len(drawn.unique(dim=0)) == SPEC.gaussians


def test_all_components_lose_nothing() -> None:
    """With as many components as pixels, a flat Gaussian at an image gives that image back."""
    train = random_images([1, 40], (1, 3, 3))
    spec = GaussianMixtureSpec(kind="mixture", components=9, regularisation=1e-6)
    drawn = fit_mixture(train, spec, seed=0)(torch.zeros(1, 10), torch.tensor([0]))
    assert torch.allclose(drawn, to_float(torch.from_numpy(train.images[train.labels == 0])), atol=1e-4)


def test_a_class_of_one_image_repeats_it_but_for_the_regularisation() -> None:
    train = dim_images(41).select(np.array([0, *range(1, 41, 2)]))
    mixture = fit_mixture(train, SPEC, seed=0)
    only = points(mixture, to_float(torch.from_numpy(train.images[:1])))
    drawn = points(mixture, mixture(normal(5000, 5), torch.zeros(5000, dtype=torch.int64)))
    assert torch.allclose(drawn.mean(0), only[0], atol=5 * (SPEC.regularisation / 5000) ** 0.5)
    assert torch.allclose(drawn.var(0), torch.tensor(SPEC.regularisation), rtol=0.15)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=4), st.sampled_from(["full", "diag"]))
def test_any_class_sizes_fit_and_sizes_stay_within_the_data(counts: list[int], covariance: str) -> None:
    train = random_images(counts, (1, 3, 3))
    spec = GaussianMixtureSpec.model_validate({"kind": "mixture", "gaussians": 3, "covariance": covariance})
    mixture = fit_mixture(train, spec, seed=0)
    components = mixture.sizes["components"]
    assert components == min(64, 9, sum(counts) - 1)
    needed = components + 1 if covariance == "full" else 10
    assert mixture.sizes["gaussians"] == sum(min(3, max(1, count // needed)) for count in counts)
    drawn = mixture(normal(64, mixture.latent_dim), torch.arange(64) % len(counts))
    assert drawn.abs().max() <= 1.0


@pytest.mark.parametrize(
    ("images", "components", "covariance", "expected"),
    [(1, 4, "full", 1), (9, 4, "full", 1), (10, 4, "full", 2), (1000, 4, "full", 3), (19, 4, "diag", 1)],
)
def test_a_class_has_as_many_gaussians_as_it_has_images_for(
    images: int, components: int, covariance: str, expected: int
) -> None:
    spec = GaussianMixtureSpec.model_validate({"kind": "mixture", "gaussians": 3, "covariance": covariance})
    assert affordable_gaussians(images, components, spec) == expected


def test_equal_images_do_not_stop_the_fit() -> None:
    mixture = fit_class(np.ones((40, 3)), SPEC, seed=0)
    assert mixture.n_components == 3
    assert np.allclose(mixture.weights_ @ mixture.means_, 1.0)


@given(npst.arrays(np.float64, st.integers(1, 9), elements=st.floats(0.01, 1.0)))
def test_right_ends_rise_to_exactly_one(weights: npt.NDArray[np.float64]) -> None:
    ends = right_ends(weights / weights.sum())
    assert ends[-1] == 1.0
    assert (np.diff(ends) >= 0).all()
    assert np.allclose(np.diff(ends, prepend=0.0), weights / weights.sum())


def test_the_seed_decides_where_the_gaussians_end_up(digits: ImageSet) -> None:
    spec = SPEC.model_copy(update={"gaussians": 8})
    train = digits.select(np.arange(300))
    first, again, other = (fit_mixture(train, spec, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["means"], other["means"])


def test_a_seed_beyond_what_scikit_learn_takes_counts_by_its_last_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for seed in (77, 2**32 + 77):
        monkeypatch.setattr(
            "augment.synthesis.classical.gaussian_mixture.derive_seed", lambda *_names, derived=seed: derived
        )
        found.append(fit_mixture(dim_images(60), SPEC, seed=0).state_dict())
    assert_close(*found, rtol=0, atol=0)
