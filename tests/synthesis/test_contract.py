"""What every registered synthesizer promises, whatever its kind: to be defined is to be held to it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import augment
from augment.core.errors import SettingsError
from augment.core.images import ImageSet, make_image_set
from augment.core.registry import load
from augment.runtime.machine import Machine
from augment.runtime.seeding import torch_generator
from augment.synthesis.base.files import read_synthesizer, write_synthesizer
from augment.synthesis.base.iterative_spec import IterativeSpec
from augment.synthesis.base.methods import FAMILIES, SynthesizerSpec
from augment.synthesis.base.sampling import BATCH, sample
from augment.synthesis.base.synthesizer import Synthesizer
from tests.conftest import striped_images
from tests.synthesis.trainings import spec_of, train

KINDS = sorted(SynthesizerSpec.registered())
every_kind = pytest.mark.parametrize("kind", KINDS)
NAMES = ["low", "middle", "high"]


@pytest.fixture
def stripes(stripes: ImageSet) -> ImageSet:
    """Those of every test, from two groups, as some kinds translate between them."""
    return grouped(stripes)


def grouped(images: ImageSet) -> ImageSet:
    groups = np.resize(np.repeat(["a", "b"], 3), len(images))
    return ImageSet(images.images, images.manifest.assign(group=groups), images.classes)


def shortest(kind: str) -> SynthesizerSpec:
    """Give the default settings of a kind, three steps long where there are steps."""
    iterative = issubclass(SynthesizerSpec.registered()[kind], IterativeSpec)
    return spec_of({"kind": kind} | ({"steps": 3, "batch_size": 8, "monitor": {"points": 1}} if iterative else {}))


def state(synthesizer: Synthesizer) -> dict[str, torch.Tensor]:
    return synthesizer.state_dict()


def test_every_family_has_a_method_and_every_method_a_family() -> None:
    assert {spec.family() for spec in SynthesizerSpec.registered().values()} == set(FAMILIES)


def test_settings_are_known_without_torch() -> None:
    code = "import sys, augment.settings; sys.exit('torch' in sys.modules)"
    root = Path(augment.__path__[0]).parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


@every_kind
def test_it_says_what_it_is_and_where_its_code_is(kind: str) -> None:
    spec = SynthesizerSpec.registered()[kind]
    assert all([spec.TITLE, spec.WHEN, spec.HOLDS_IMAGES in (True, False)])
    for reference in (spec.BUILDER, spec.TRAINER):
        assert callable(load(reference))
        assert reference.startswith(f"augment.synthesis.{spec.family()}.")


@every_kind
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 13)])
def test_it_draws_an_image_of_the_shape_in_range_for_every_label(
    kind: str, shape: tuple[int, int, int], cpu: Machine
) -> None:
    images = grouped(make_image_set(*striped_images(24, 3, shape), NAMES))
    synthesizer = train(images, cpu, shortest(kind))[0].synthesizer
    assert synthesizer.classes == 3
    with torch.no_grad():
        drawn = synthesizer(torch.randn(5, synthesizer.latent_dim), torch.tensor([0, 1, 2, 0, 2]))
    assert (drawn.dtype, drawn.shape) == (torch.float32, (5, *shape))
    assert drawn.abs().max() <= 1.0
    assert sample(synthesizer, np.asarray([2, 1]), torch_generator(0, "x"), cpu).shape == (2, *shape)


@every_kind
def test_the_same_seed_gives_the_same_state_and_history(kind: str, stripes: ImageSet, cpu: Machine) -> None:
    first, again = (train(stripes, cpu, shortest(kind))[0] for _ in range(2))
    assert all(torch.equal(state(first.synthesizer)[name], value) for name, value in state(again.synthesizer).items())
    assert first.history.equals(again.history)
    assert "frechet_joint_distance" in set(first.history["figure"])


@every_kind
def test_what_is_read_draws_what_was_written(kind: str, stripes: ImageSet, cpu: Machine, tmp_path: Path) -> None:
    spec = shortest(kind)
    trained, grids = train(stripes, cpu, spec)
    assert grids
    write_synthesizer(tmp_path / "it", trained.synthesizer, spec, stripes, trained.course())
    again, classes = read_synthesizer(tmp_path / "it")
    assert classes == stripes.classes
    labels = np.arange(12) % 3
    before, after = (sample(each, labels, torch_generator(0, "x"), cpu) for each in (trained.synthesizer, again))
    assert np.array_equal(before, after)


@every_kind
def test_an_image_does_not_depend_on_how_many_follow(kind: str, stripes: ImageSet, cpu: Machine) -> None:
    synthesizer = train(stripes, cpu, shortest(kind))[0].synthesizer
    labels = np.arange(BATCH + 44) % 3
    many, few = (sample(synthesizer, part, torch_generator(0, "x"), cpu) for part in (labels, labels[:13]))
    assert (many[:13] == few).all()


@every_kind
def test_a_class_of_a_single_image_is_learned_from_all_the_same(kind: str, stripes: ImageSet, cpu: Machine) -> None:
    lopsided = stripes.select(np.flatnonzero((stripes.labels != 2) | (np.arange(len(stripes)) == 2)))
    assert lopsided.class_counts().tolist() == [20, 20, 1]
    trained, _ = train(lopsided, cpu, shortest(kind))
    assert all(value.isfinite().all() for value in state(trained.synthesizer).values())
    assert len(sample(trained.synthesizer, np.full(4, 2), torch_generator(0, "x"), cpu)) == 4


@every_kind
def test_it_is_made_of_parameters_and_buffers_alone(kind: str, stripes: ImageSet, cpu: Machine) -> None:
    spec = shortest(kind)
    trained = train(stripes, cpu, spec)[0].synthesizer
    empty: Synthesizer = load(spec.BUILDER)(spec, stripes.shape, 3, **trained.sizes)
    empty.load_state_dict(state(trained))
    noise, labels = torch.randn(6, trained.latent_dim), torch.arange(6) % 3
    with torch.no_grad():
        assert torch.equal(empty.eval()(noise, labels), trained.eval()(noise, labels))


@every_kind
def test_it_tells_whether_it_holds_the_training_images(kind: str, stripes: ImageSet, cpu: Machine) -> None:
    spec = shortest(kind)
    stored = [tensor for tensor in state(train(stripes, cpu, spec)[0].synthesizer).values() if tensor.ndim == 4]
    held = any(tensor.shape == stripes.images.shape and tensor.dtype == torch.uint8 for tensor in stored)
    assert spec.HOLDS_IMAGES or not held


@every_kind
def test_unknown_keys_and_values_of_another_type_are_refused_by_name(kind: str) -> None:
    settings = shortest(kind).model_dump()
    with pytest.raises(SettingsError, match=r"here has 1 problem:\n  nonsense: unknown key; expected one of .*kind"):
        spec_of(settings | {"nonsense": 1})
    numbers = [name for name, value in settings.items() if isinstance(value, int | float)]
    for name in numbers:
        with pytest.raises(SettingsError, match=rf"\n  {name}: input should be"):
            spec_of(settings | {name: "many"})


@every_kind
def test_the_settings_of_another_kind_are_told_apart(kind: str) -> None:
    for other, spec in SynthesizerSpec.registered().items():
        for name in set(spec.model_fields) - set(SynthesizerSpec.registered()[kind].model_fields):
            value: Any = None
            expected = rf"{name}: only kind [\w, ]*{other}[\w, ]* has it, found {kind}"
            with pytest.raises(SettingsError, match=expected):
                spec_of(shortest(kind).model_dump() | {name: value})
