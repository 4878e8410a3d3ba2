import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from augment.runtime.batches import to_float
from augment.synthesis.classical.smote import Smote, fit_smote, nearest_neighbours
from augment.synthesis.classical.smote_spec import SmoteSpec
from tests.synthesis.classical.conftest import normal, random_images

SPEC = SmoteSpec(kind="smote")


@given(st.lists(st.integers(1, 8), min_size=1, max_size=4), st.integers(1, 6), st.sampled_from([(1, 3, 3), (3, 2, 5)]))
def test_a_sample_lies_between_an_image_of_its_class_and_one_of_its_nearest(
    counts: list[int], neighbours: int, shape: tuple[int, int, int]
) -> None:
    train = random_images(counts, shape)
    smote = fit_smote(train, SmoteSpec(kind="smote", neighbours=neighbours))
    labels = torch.arange(40) % len(counts)
    for sample, label in zip(smote(normal(40, smote.latent_dim), labels), labels.tolist(), strict=True):
        images = to_float(torch.from_numpy(train.images[train.labels == label])).flatten(1)
        distances = torch.cdist(images, images)
        reach = distances.sort(dim=1).values[:, min(neighbours, len(images) - 1)]
        # On the line from a to b, the distances to a and to b add up to that between a and b.
        detour = torch.cdist(sample.reshape(1, -1), images)
        detour = (detour + detour.T - distances).masked_fill(distances > reach[:, None], torch.inf)
        assert detour.min() < 1e-4


def test_neighbours_are_the_nearest_others_in_order() -> None:
    images = np.array([0, 10, 13, 100, 101], dtype=np.uint8)[:, None, None, None]
    assert nearest_neighbours(images, 2).tolist() == [[1, 2], [2, 0], [1, 0], [4, 2], [3, 2]]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_class_smaller_than_the_neighbourhood_has_all_its_others_as_neighbours(count: int) -> None:
    found = nearest_neighbours(random_images([count], (1, 4, 4)).images, 5)
    expected = [sorted({*range(count)} - {row}) or [0] for row in range(count)]
    assert np.sort(found, axis=1).tolist() == expected


def test_equal_images_are_neighbours_of_each_other_and_not_of_themselves() -> None:
    found = nearest_neighbours(np.zeros((4, 1, 2, 2), dtype=np.uint8), 3)
    assert np.sort(found, axis=1).tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_a_class_of_one_image_repeats_it() -> None:
    train = random_images([1, 30], (1, 4, 4))
    smote = fit_smote(train, SPEC)
    samples = smote(normal(50, smote.latent_dim), torch.zeros(50, dtype=torch.int64))
    only = to_float(torch.from_numpy(train.images[train.labels == 0]))
    assert torch.equal(samples, only.expand_as(samples))


def test_places_between_the_two_images_are_uniform() -> None:
    train = random_images([2], (1, 1, 1), seed=1)
    smote = fit_smote(train, SPEC)
    samples = smote(normal(4000, smote.latent_dim), torch.zeros(4000, dtype=torch.int64)).flatten()
    low, high = to_float(torch.from_numpy(np.sort(train.images.flatten())))
    shares = torch.histc((samples - low) / (high - low), bins=5, min=0, max=1) / 4000
    assert shares.sub(0.2).abs().max() < 0.03


def test_at_the_near_end_every_neighbour_gives_the_image_itself() -> None:
    smote = fit_smote(random_images([8], (1, 4, 4)), SPEC)
    noise = normal(60, smote.latent_dim)
    noise[:, 2] = -40.0
    images = to_float(smote.bank.images[smote.bank.choose(noise[:, 0], torch.zeros(60, dtype=torch.int64))])
    assert torch.equal(smote(noise, torch.zeros(60, dtype=torch.int64)), images)


def test_images_are_kept_as_bytes() -> None:
    state = Smote(SPEC, (1, 4, 4), 2, rows=7).state_dict()
    assert {name: (value.dtype, tuple(value.shape)) for name, value in state.items()} == {
        "bank.images": (torch.uint8, (7, 1, 4, 4)),
        "bank.counts": (torch.int64, (2,)),
        "neighbours": (torch.int64, (7, 5)),
    }
