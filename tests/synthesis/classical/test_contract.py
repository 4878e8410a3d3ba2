"""What every classical synthesizer promises beside what every synthesizer does."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from augment.core.errors import LeftOutError
from augment.core.images import ImageSet, IntArray, make_image_set
from augment.core.registry import load
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.methods import SynthesizerSpec
from augment.synthesis.base.sampling import sample
from tests.synthesis.classical.conftest import in_two_groups, normal, random_images


@dataclass(frozen=True)
class Kind:
    fit: Callable[[ImageSet], Any]


# A judge by nearest pixels, and on eight of them a side, takes the default movements for other digits.
SUITED: dict[str, dict[str, Any]] = {
    "mixture": {"components": 30},
    "jitter": {"rotation": 5.0, "scaling": 0.05, "shift": 0.03, "pixel_noise": 4.0},
}
"""Kind → settings for small digits, where the defaults are not made for them."""


def make_kind(kind: str, spec: type[SynthesizerSpec]) -> Kind:
    return Kind(partial(load(spec.TRAINER), spec=spec(**SUITED.get(kind, {})), seed=0))


KINDS = {
    kind: make_kind(kind, spec) for kind, spec in SynthesizerSpec.registered().items() if spec.family() == "classical"
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
kinds = st.sampled_from(list(KINDS.values()))


def draw(synthesizer: Any, labels: IntArray, where: Machine) -> ImageSet:
    images = sample(synthesizer.eval(), labels, torch_generator(0, "test"), where)
    return make_image_set(images, labels, [str(k) for k in range(labels.max() + 1)], generator_seed=0)


def fidelity(real: ImageSet, synthetic: ImageSet) -> float:
    """Share of synthetic images whose nearest real ones bear the same label."""
    judge = KNeighborsClassifier(5).fit(real.images.reshape(len(real), -1), real.labels)
    return float(judge.score(synthetic.images.reshape(len(synthetic), -1), synthetic.labels))


@every_kind
@pytest.mark.parametrize("per_class", [20, 90])
def test_its_digits_are_taken_for_what_they_are_by_a_judge_of_other_images(
    kind: Kind, per_class: int, digits: ImageSet, cpu: Machine
) -> None:
    train, held_out = digits.select(np.arange(10 * per_class)), digits.select(np.arange(900, len(digits)))
    synthetic = draw(kind.fit(train), np.arange(1000) % 10, cpu)
    assert fidelity(held_out, synthetic) >= 0.9


@every_kind
def test_a_rare_class_is_drawn_as_well_as_a_common_one(kind: Kind, digits: ImageSet, cpu: Machine) -> None:
    first = np.arange(900)
    thinned = first[(digits.labels[:900] != 3) | (first < 60)]  # about six threes
    synthetic = draw(kind.fit(digits.select(thinned)), np.full(300, 3), cpu)
    assert fidelity(digits.select(np.arange(900, len(digits))), synthetic) >= 0.9


@pytest.mark.parametrize("kind", [KINDS[name] for name in KINDS if name != "transport"])  # an image has one translation
def test_it_draws_more_than_a_handful_of_images(kind: Kind, digits: ImageSet, cpu: Machine) -> None:
    synthetic = draw(kind.fit(digits), np.full(300, 7), cpu)
    assert len({image.tobytes() for image in synthetic.images}) > 290


@given(
    kinds,
    st.lists(st.integers(1, 12), min_size=2, max_size=5),
    st.sampled_from([(1, 8, 8), (3, 8, 8), (1, 9, 13), (3, 11, 8)]),
)
def test_any_set_gives_float_images_of_its_shape_in_range(
    kind: Kind, counts: list[int], shape: tuple[int, int, int]
) -> None:
    synthesizer = kind.fit(random_images(counts, shape))
    assert synthesizer.classes == len(counts)
    images = synthesizer(normal(33, synthesizer.latent_dim), torch.arange(33) % len(counts))
    assert (images.dtype, images.shape) == (torch.float32, (33, *shape))
    assert images.abs().max() <= 1.0


# Light is what these two take from an image of another class.
@pytest.mark.parametrize("kind", [KINDS[name] for name in KINDS if name not in ("fourier", "histogram")])
def test_extreme_noise_stays_in_the_class(kind: Kind) -> None:
    labels, levels = np.repeat(np.arange(3), [4, 5, 6]), np.array([30, 110, 190], dtype=np.uint8)
    images = np.broadcast_to(levels[labels][:, None, None, None], (15, 1, 8, 8))  # each class is one grey
    synthesizer = kind.fit(in_two_groups(make_image_set(images, labels, ["a", "b", "c"]))).eval()
    noise = torch.zeros(6, synthesizer.latent_dim)
    noise[:, :3] = torch.tensor([-40.0, 40.0]).repeat(3)[:, None]
    drawn = (synthesizer(noise, torch.arange(3).repeat_interleave(2)) + 1) * 127.5
    assert (drawn.mean(dim=(1, 2, 3)) - torch.tensor([30, 30, 110, 110, 190, 190])).abs().max() < 40


@every_kind
def test_a_machine_with_bfloat16_draws_the_same_bytes(kind: Kind, digits: ImageSet, cpu: Machine) -> None:
    synthesizer = kind.fit(digits.select(np.arange(200)))
    exact, coarse = (draw(synthesizer, np.arange(50) % 10, Machine(cpu.device, bf16)) for bf16 in (False, True))
    assert (exact.images == coarse.images).all()


@every_kind
def test_it_has_nothing_to_train(kind: Kind) -> None:
    assert not list(kind.fit(random_images([5, 5], (1, 8, 8))).parameters())


@every_kind
def test_a_class_without_images_is_refused_by_name(kind: Kind) -> None:
    with pytest.raises(LeftOutError, match=r"^train: expected at least 1 image of every class, found 0 of class 1$"):
        kind.fit(random_images([5, 0, 5], (1, 8, 8)))
