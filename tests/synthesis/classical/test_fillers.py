from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from augment.core.errors import LeftOutError
from augment.core.images import ImageSet, make_image_set
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.sampling import sample_batches, sources
from augment.synthesis.base.translator import Translator
from augment.synthesis.classical.fillers import (
    Fourier,
    fit_by_reference,
    fit_transport,
    low_frequencies,
    matched,
    monge_map,
)
from augment.synthesis.classical.fillers_spec import FourierSpec, HistogramSpec, TransportSpec
from tests.synthesis.classical.conftest import normal
from tests.synthesis.scanners import two_scanners

FITS: dict[str, Callable[[ImageSet], Any]] = {
    "transport": lambda train: fit_transport(train, TransportSpec()),
    "fourier": lambda train: fit_by_reference(train, FourierSpec()),
    "histogram": lambda train: fit_by_reference(train, HistogramSpec()),
}
every_filler = pytest.mark.parametrize("name", FITS)


def bright_half(images: torch.Tensor) -> torch.Tensor:
    return (images[:, :, 4:].mean((1, 2, 3)) > images[:, :, :4].mean((1, 2, 3))).long()


EMPTY = {(0, "a"): 20, (1, "a"): 25, (1, "b"): 30}
"""Class 0 was never seen by scanner b."""


@every_filler
def test_a_cell_that_was_never_seen_gets_the_look_of_its_group_and_keeps_its_class(name: str) -> None:
    filler = FITS[name](two_scanners(EMPTY)).eval()
    assert filler.can_fill.tolist() == [[False, True], [True, True]]
    labels, groups = torch.tensor([0] * 40), torch.tensor([1] * 40)
    noise = normal(40, filler.latent_dim)
    made = (filler(noise, labels, groups) + 1) * 127.5
    source = filler.images[filler.source_rows(noise, labels, groups)].float()
    assert (bright_half(made) == 0).all()
    look = two_scanners({(1, "b"): 30}).images.astype(float)
    assert abs(made.mean().item() - look.mean()) < 0.5 * abs(source.mean().item() - look.mean())


@every_filler
def test_a_source_is_of_the_class_and_of_another_group(name: str) -> None:
    filler = FITS[name](two_scanners({(0, "a"): 3, (0, "b"): 4, (0, "c"): 2, (1, "b"): 5})).eval()
    for label, group in filler.can_fill.nonzero().tolist():
        labels, groups = torch.full((300,), label), torch.full((300,), group)
        rows = filler.source_rows(normal(300, filler.latent_dim), labels, groups)
        others = filler.counts[label].sum() - filler.counts[label, group]
        assert len(rows.unique()) == others
        assert (filler.group_of_rows[rows] != group).all()
        assert (rows < filler.counts[0].sum()).all() == (label == 0)


@every_filler
def test_without_a_wish_the_noise_chooses_among_the_groups_that_can_be_filled(name: str) -> None:
    filler = FITS[name](two_scanners({(0, "a"): 3, (0, "c"): 2, (1, "b"): 5})).eval()
    chosen = filler.target_groups(normal(200, filler.latent_dim), torch.tensor([0, 1]).repeat(100))
    assert set(chosen[::2].tolist()) == {0, 1, 2}
    assert set(chosen[1::2].tolist()) == {0, 2}


@every_filler
def test_what_is_drawn_tells_its_sources(name: str, cpu: Machine) -> None:
    filler = FITS[name](two_scanners(EMPTY)).eval()
    labels, groups = (np.tile(of, 100) for of in filler.can_fill.nonzero().numpy().T)
    rows = sources(filler, labels, groups, torch_generator(0, "x"))
    drawn = np.concatenate(list(sample_batches(filler, labels, torch_generator(0, "x"), cpu, groups)))
    again = filler.translate(
        filler.images[torch.from_numpy(rows[:7])].float() / 127.5 - 1,
        filler.group_of_rows[rows[:7]],
        torch.from_numpy(groups[:7]),
        torch.randn(256, filler.latent_dim, generator=torch_generator(0, "x"))[:7],
    )
    assert np.abs(drawn[:7] - ((again.clamp(-1, 1) + 1) * 127.5).numpy()).max() <= 0.51


@every_filler
def test_images_without_groups_and_of_one_group_are_left_out(name: str) -> None:
    one = two_scanners({(0, "a"): 3, (1, "a"): 3})
    with pytest.raises(LeftOutError, match="at least 2 groups to translate between, found a;"):
        FITS[name](one)
    with pytest.raises(LeftOutError, match="found no groups;"):
        FITS[name](ImageSet(one.images, one.manifest.drop(columns="group"), one.classes))
    gaps = two_scanners(EMPTY)
    gaps.manifest.loc[:4, "group"] = None
    with pytest.raises(LeftOutError, match="a group of every image, found 5 without"):
        FITS[name](gaps)


@given(st.integers(1, 6), st.integers(0, 2**31))
def test_the_map_gives_what_has_one_covariance_the_other(side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (root @ root.T + 0.1 * np.eye(side) for root in rng.normal(size=(2, side, side)))
    found = monge_map(first, second)
    assert found @ first @ found == pytest.approx(second, abs=1e-6)
    assert found == pytest.approx(found.T, abs=1e-8)
    assert np.linalg.eigvalsh(found).min() > 0  # no other map of the kind is positive, and none moves less


def test_a_frequent_class_does_not_pass_for_a_difference_between_groups() -> None:
    # Both scanners are alike; only class 0 is frequent in one and class 1 in the other.
    same = two_scanners({(0, "a"): 90, (1, "a"): 10, (0, "c"): 10, (1, "c"): 90})
    same.manifest["group"] = same.manifest["group"].replace("c", "b")
    images = same.images.copy()
    of_b = (same.manifest["group"] == "b").to_numpy()
    images[of_b] = images[of_b] * 2
    alike = make_image_set(images, same.labels, same.classes)
    alike.manifest["group"] = same.manifest["group"].tolist()
    filler = fit_transport(alike, TransportSpec())
    moved = (filler.means[0, 1] - filler.means[1, 0]) @ filler.basis
    assert moved.abs().max() * 127.5 < 15


def test_low_frequencies_lie_around_the_constant_one() -> None:
    low = low_frequencies(8, 8, 0.09)
    assert low.sum() == 9  # 0.72 cycles are less than one, which is the least
    assert low[0, 0]
    assert low[0, 1]
    assert low[7, 7]
    assert not low[0, 2]
    assert low_frequencies(32, 64, 0.1).sum() == 49


def test_amplitudes_are_exchanged_and_phases_kept() -> None:
    filler = fit_by_reference(two_scanners(EMPTY), FourierSpec(reach=0.5))
    assert isinstance(filler, Fourier)
    images = torch.rand(4, 1, 8, 8) * 2 - 1
    noise, targets = normal(4, 3), torch.tensor([1, 1, 0, 0])
    made = filler.translate(images, 1 - targets, targets, noise)
    reference = filler.references(targets, noise)
    torch.testing.assert_close(torch.fft.fft2(made).abs(), torch.fft.fft2(reference).abs(), rtol=1e-3, atol=1e-3)
    turned = torch.fft.fft2(made).angle() - torch.fft.fft2(images).angle()
    torch.testing.assert_close(turned.cos(), torch.ones(4, 1, 8, 8), rtol=1e-2, atol=1e-2)


def test_values_take_the_histogram_of_the_reference() -> None:
    values = torch.tensor([0.0, 0.0, 5.0, 9.0])
    # Half of the values are at most 0, as are half of the reference at most 2; equal ones stay equal.
    assert matched(values, torch.tensor([1.0, 2.0, 3.0, 4.0])).tolist() == [2.0, 2.0, 3.0, 4.0]
    assert matched(values, values).tolist() == values.tolist()


def test_a_translator_is_a_synthesizer_of_noise_and_label_alone() -> None:
    filler = FITS["transport"](two_scanners(EMPTY))
    assert isinstance(filler, Translator)
    assert filler(normal(5, 2), torch.tensor([0, 1, 0, 1, 1])).shape == (5, 1, 8, 8)
