"""What recipes make of groups: cells sampled alike, mixings across groups, losses that heed them."""

import numpy as np
import pytest
import torch

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.mixing import Style, partners
from augment.classifier.mixings.lisa import lisa
from augment.classifier.mixings.mixstyle import mixstyle
from augment.classifier.objective import RATE, Objective, coral
from augment.classifier.parts import Origin
from augment.classifier.recipes import Batch, batches
from augment.classifier.training import asked_of_val, train_classifier
from augment.classifier.transforms.rand_conv import rand_conv
from augment.core.endpoints import Endpoint
from augment.core.errors import DataError
from augment.core.images import ImageSet
from augment.runtime.machine import Machine
from augment.runtime.progress import Progress


def grouped(images: ImageSet, groups: list[str]) -> ImageSet:
    return ImageSet(images.images, images.manifest.assign(group=np.resize(groups, len(images))), images.classes)


def recipe(**changes: object) -> RecipeSpec:
    return RecipeSpec.model_validate({"transforms": "none", "sampling": "natural"} | changes)


def test_every_cell_is_drawn_equally_often(stripes: ImageSet, cpu: Machine) -> None:
    groups = ["a" if number % 10 else "b" for number in range(60)]
    made = batches(
        grouped(stripes, groups), ClassifierSpec(batch_size=600), recipe(sampling="balanced_cells"), 3, 0, 0, cpu
    )
    origin = next(made).origin
    assert origin is not None
    cells = (origin.labels * 2 + origin.groups).bincount(minlength=6)
    assert (cells - 100).abs().max() < 35


def test_without_groups_cells_are_classes(stripes: ImageSet, cpu: Machine) -> None:
    spec = ClassifierSpec(batch_size=30)
    one, other = (
        next(batches(stripes, spec, recipe(sampling=name), 3, 0, 0, cpu)) for name in ("balanced", "balanced_cells")
    )
    assert torch.equal(one.images, other.images)


def test_a_partner_is_one_that_is_allowed_or_the_image_itself() -> None:
    allowed = np.asarray([[False, True, True], [False, False, False], [True, False, False]])
    drawn = {tuple(partners(allowed, ~allowed, np.full(3, True), np.random.default_rng(k)).tolist()) for k in range(40)}
    assert drawn == {(1, 1, 0), (2, 1, 0)}


def test_lisa_mixes_within_the_class_across_groups_or_within_the_group_across_classes() -> None:
    origin = Origin(torch.arange(40) % 2, torch.arange(40) // 2 % 2)
    mixed = lisa(torch.zeros(40, 1, 8, 8), origin, 2.0, 3, np.random.default_rng(0))
    assert mixed is not None
    partner = mixed.mixture.partner
    same_class = origin.labels == origin.labels[partner]
    same_group = origin.groups == origin.groups[partner]
    assert (same_class ^ same_group).all()
    assert 8 < same_class.sum() < 32


def test_mixstyle_gives_maps_the_statistics_of_another_group_and_leaves_targets() -> None:
    origin = Origin(torch.zeros(6, dtype=torch.int64), torch.tensor([0, 0, 0, 1, 1, 1]))
    mixed = mixstyle(torch.zeros(6, 1, 8, 8), origin, 1.0, 3, np.random.default_rng(1))
    assert mixed is not None
    partner = mixed.mixture.partner
    changed = partner != torch.arange(6)
    assert (origin.groups[changed] != origin.groups[partner[changed]]).all()
    assert 0 < changed.sum() < 6
    maps = torch.randn(2, 3, 5, 5) * torch.tensor([1.0, 4.0])[:, None, None, None]
    styled = Style(torch.tensor([1, 0]), torch.tensor([0.0, 0.5])).blend(maps)
    deviations, means = maps.std((2, 3)), maps.mean((2, 3))
    torch.testing.assert_close(styled[0].mean((1, 2)), means[1], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(styled[0].std((1, 2)), deviations[1], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(styled[1].std((1, 2)), deviations.mean(0), rtol=1e-3, atol=1e-3)
    targets = torch.eye(2)
    assert torch.equal(mixed.mixture.blend(targets), targets)


def test_group_dro_gives_most_weight_to_the_cell_that_fares_worst() -> None:
    origin = Origin(torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1]))
    logits, targets = torch.tensor([[3.0, 0.0], [2.0, 0.0], [2.0, 0.0]]), torch.eye(2)[[0, 0, 1]]
    batch, objective = Batch(torch.zeros(3, 1, 8, 8), targets, origin=origin), Objective(recipe(loss="group_dro"))
    losses = -(targets * logits.log_softmax(1)).sum(1)
    means = torch.stack([losses[:2].mean(), losses[2]])
    weights = torch.full((2,), 0.5)
    for _ in range(3):
        found = objective(logits, torch.zeros(3, 4), batch)
        weights = weights * (RATE * means).exp()
        weights = weights / weights.sum()
        assert found.item() == pytest.approx((weights * means).sum().item(), rel=1e-5)
    assert weights[1] > 0.5


def test_coral_is_the_distance_of_covariances_over_four_times_the_squared_width() -> None:
    first, second = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 4.0]])
    groups = torch.tensor([0, 0, 1, 1])
    # Covariances diag(2, 0) and diag(0, 8): (4 + 64) / (4 · 4).
    assert coral(torch.cat([first, second]), groups).item() == pytest.approx(68 / 16)
    assert coral(torch.cat([first, second + 5]), groups).item() == pytest.approx(68 / 16)
    assert coral(first, torch.tensor([0, 0])).item() == 0.0
    assert coral(first, torch.tensor([0, 1])).item() == 0.0
    features = torch.cat([first, second])
    batch = Batch(torch.zeros(4, 1, 8, 8), torch.eye(2)[[0, 1, 0, 1]], origin=Origin(groups, groups))
    plain, more = (Objective(recipe(coral=weight))(torch.zeros(4, 2), features, batch) for weight in (0.0, 2.0))
    assert (more - plain).item() == pytest.approx(2 * 68 / 16)


def test_a_random_convolution_of_a_flat_image_is_flat() -> None:
    images = torch.full((20, 3, 8, 8), 0.3)
    for seed in range(6):
        changed = rand_conv(images, torch.Generator().manual_seed(seed), False)
        assert (changed.amax((2, 3)) - changed.amin((2, 3))).abs().max() < 1e-4
        assert changed.mean((1, 2, 3)).std() > 0.02


@pytest.mark.parametrize(
    ("endpoint", "sizes"),
    [("balanced_accuracy", [20, 20, 20]), ("worst_group", [30, 30]), ("cells", [10] * 6), ("rare_cells", [10])],
)
def test_val_is_asked_by_the_cells_that_it_has(stripes: ImageSet, endpoint: Endpoint, sizes: list[int]) -> None:
    val = grouped(stripes, ["a"] * 3 + ["b"] * 3)
    train = val.select(np.flatnonzero((val.labels != 0) | (val.manifest["group"] == "a").to_numpy()))
    found = asked_of_val(endpoint, train, val)
    assert found is not None
    assert [len(rows) for rows in found.rows] == sizes
    assert asked_of_val("accuracy", train, val) is None


def test_where_val_has_no_rare_cell_all_its_cells_are_asked(stripes: ImageSet) -> None:
    val = grouped(stripes, ["a"] * 3 + ["b"] * 3)
    found = asked_of_val("rare_cells", val, val)
    assert found is not None
    assert len(found.rows) == 6


def test_a_training_is_stopped_and_told_by_the_endpoint(stripes: ImageSet, cpu: Machine) -> None:
    val, spec = grouped(stripes, ["a", "b", "b"]), ClassifierSpec(width=4, batch_size=16, max_steps=40, eval_every=20)
    found = train_classifier(val, val, spec, recipe(), 0, 0, cpu, Progress("x", 40), "cells")
    plain = train_classifier(val, val, spec, recipe(), 0, 0, cpu, Progress("x", 40))
    assert found.val_endpoint is not None
    assert 0.0 <= found.val_endpoint <= 1.0
    assert plain.val_endpoint is None
    with pytest.raises(DataError, match=r"verdict\.endpoint: cells asks for images with groups"):
        train_classifier(stripes, stripes, spec, recipe(), 0, 0, cpu, Progress("x", 40), "cells")
