"""More images of a trained generator."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from augment.core.errors import ContainerError, DataError, SettingsError
from augment.core.images import content_hashes
from augment.core.seeding import derive_seed
from augment.finished.generator import TrainedGenerator, read_generator
from augment.finished.images import read_part
from augment.finished.project import Project, open_project
from augment.finished.samples import draw, grid, read_critic
from tests.finished.examples import CLASSES, favourite_and_least


@pytest.fixture(scope="module")
def project(root: Path) -> Project:
    return open_project(root)


@pytest.fixture(scope="module")
def generator(project: Project) -> TrainedGenerator:
    return read_generator(project, "toys")


def test_the_same_seed_gives_the_same_images_and_another_one_others(generator: TrainedGenerator) -> None:
    first = generator.sample("low", 20, seed=1)
    assert first.dtype == np.uint8
    assert first.shape == (20, 1, 8, 8)
    assert np.array_equal(generator.sample("low", 20, seed=1), first)
    assert np.array_equal(generator.sample("low", 5, seed=1), first[:5])
    assert not set(content_hashes(generator.sample("low", 20, seed=2))) & set(content_hashes(first))
    assert not set(content_hashes(generator.sample("T-shirt/top", 20, seed=1))) & set(content_hashes(first))


def test_no_seed_gives_the_images_of_the_run(generator: TrainedGenerator, project: Project) -> None:
    """The stage draws by a stream of another purpose, whatever the user's seed: 0 is the run's own."""
    own = derive_seed(project.settings.seed, "synthesis", "toys", "gan")
    assert own not in {generator.seed(name, seed) for name in CLASSES for seed in range(100)}


def test_what_cannot_be_drawn_is_named(generator: TrainedGenerator, project: Project) -> None:
    with pytest.raises(SettingsError, match="unknown class 'cat'; expected one of low, T-shirt/top, hi, «猫»"):
        generator.sample("cat", 1, seed=0)
    with pytest.raises(SettingsError, match="expected a count of at least 1 and a seed of at least 0, found 0 and 0"):
        generator.sample("low", 0, seed=0)
    with pytest.raises(SettingsError, match="found 1 and -1"):
        generator.sample("low", 1, seed=-1)
    with pytest.raises(SettingsError, match="unknown synthesizer 'gun'; expected one of gan, smote"):
        read_generator(project, "toys", "gun")
    with pytest.raises(SettingsError, match="unknown dataset 'toyz'"):
        read_generator(project, "toyz")
    with pytest.raises(ContainerError, match="models/later/synthesizers/gan: not there yet; run dvc repro first"):
        read_generator(project, "later")


def test_a_filter_keeps_images_that_the_judge_agrees_with_and_says_where_too_few_are(
    generator: TrainedGenerator, project: Project
) -> None:
    critic = read_critic(project, generator)
    favourite, least = favourite_and_least(project)
    plain, kept = (draw(generator, [favourite], 12, 1, each) for each in (None, critic))
    assert kept.facts["label"].tolist() == kept.facts["judged_label"].tolist() == [favourite] * 12
    assert not kept.facts["near_copy"].any()
    assert set(kept.facts["nearest_train_hash"]) <= set(read_part(project, "toys", "real").facts["content_hash"])
    assert "judged_label" not in plain.facts
    expected = rf"class '{least}': expected 12 images that pass the filter, found \d+ among 120 \(dropped: "
    with pytest.raises(DataError, match=expected):
        draw(generator, [least], 12, 1, critic)


def test_a_filter_leaves_out_images_that_the_run_has(generator: TrainedGenerator, project: Project) -> None:
    critic = read_critic(project, generator)
    _, reasons = critic.judged(critic.drawn)
    assert set(reasons) == {"duplicate"}


def test_a_filter_leaves_out_copies_of_training_images(project: Project) -> None:
    """SMOTE draws between training images, of which these lie so close together that all are near one."""
    generator = replace(read_generator(project, "toys", "smote"), name="gan")  # whose images the example has
    critic = read_critic(project, generator)
    with pytest.raises(DataError, match=r"found 0 among 120 \(dropped: \d+ duplicate, \d\d+ near_copy, "):
        draw(generator, ["low"], 12, 1, critic)


def test_the_picture_has_rows_for_each_class(generator: TrainedGenerator) -> None:
    part = draw(generator, CLASSES, 12, 0)
    picture = grid(part.images)
    scale = 900 // 80
    assert picture.shape == ((6 * 9 + 1) * scale, (10 * 9 + 1) * scale)
    last = picture[-9 * scale : -scale, 3 * 9 * scale :]  # of the second row of a class only two are there
    assert (last == 255).all()
    assert part.facts["label"].tolist() == [name for name in CLASSES for _ in range(12)]
