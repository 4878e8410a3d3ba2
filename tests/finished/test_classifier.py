"""Trained classifiers asked together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from augment.core.calibration import at_temperature, fit_temperature
from augment.core.errors import ContainerError, DataError, SettingsError
from augment.core.records import read_record, write_record
from augment.datasets.decoding import Look
from augment.datasets.sources.image_folder import ImageFolderSource
from augment.finished.classifier import Ensemble, read_ensemble
from augment.finished.images import read_part
from augment.finished.project import Project, open_project
from augment.results.record import Result
from tests.finished.examples import CLASSES


@pytest.fixture(scope="module")
def project(root: Path) -> Project:
    return open_project(root)


@pytest.fixture(scope="module")
def ensemble(project: Project) -> Ensemble:
    return read_ensemble(project, "toys")


def test_the_recommended_arm_is_taken_and_all_of_its_classifiers(ensemble: Ensemble, project: Project) -> None:
    assert ensemble.arm == "merged/plain"
    images = read_part(project, "toys", "test").images
    alone = [read_ensemble(project, "toys", run=run).mean(images.images) for run in range(2)]
    assert not np.allclose(alone[0], alone[1])
    assert np.allclose(ensemble.mean(images.images), (alone[0] + alone[1]) / 2)
    said = ensemble.predict(images.images)
    assert said.dtype == np.float32
    assert np.allclose(said.sum(axis=1), 1.0)
    assert (said.argmax(axis=1) == images.labels).mean() > 0.8
    assert np.array_equal(ensemble.predict(images.images[:0]), np.zeros((0, 3), dtype=np.float32))


def test_an_arm_can_be_chosen(project: Project, ensemble: Ensemble) -> None:
    other = read_ensemble(project, "toys", "real/plain", run=0)
    images = read_part(project, "toys", "test").images.images
    # The example gives both arms the same classifiers, in another order.
    assert np.allclose(other.mean(images), read_ensemble(project, "toys", run=1).mean(images))
    assert len(other.networks) == 1
    assert len(ensemble.networks) == 2


def test_what_does_not_exist_is_named(project: Project) -> None:
    with pytest.raises(SettingsError, match=r"unknown arm 'real/fancy'; expected one of real/plain, merged/plain"):
        read_ensemble(project, "toys", "real/fancy")
    with pytest.raises(SettingsError, match="unknown run '2'; expected one of 0, 1"):
        read_ensemble(project, "toys", run=2)
    with pytest.raises(ContainerError, match=r"results/later/comparison/result\.json: not there yet; run dvc repro"):
        read_ensemble(project, "later")


def test_without_a_verdict_an_arm_has_to_be_chosen(project: Project, root: Path) -> None:
    path = root / "results/toys/comparison/result.json"
    before = read_record(Result, path)
    write_record(path, before.model_copy(update={"arms": (), "parts": ()}))
    try:
        with pytest.raises(SettingsError, match=r"toys: the verdict recommends no arm, .* choose one by --arm"):
            read_ensemble(project, "toys")
        assert read_ensemble(project, "toys", "real/plain").arm == "real/plain"
    finally:
        write_record(path, before)


def test_images_of_another_shape_are_refused(ensemble: Ensemble) -> None:
    with pytest.raises(DataError, match=r"expected uint8 images N×1×8×8, found float64 \(2, 1, 8, 8\)"):
        ensemble.predict(np.zeros((2, 1, 8, 8)))  # type: ignore[arg-type]  # that is the point
    with pytest.raises(DataError, match=r"found uint8 \(2, 3, 8, 8\)"):
        ensemble.predict(np.zeros((2, 3, 8, 8), dtype=np.uint8))


def test_files_are_read_as_the_run_read_its_own_and_bad_ones_are_all_named(ensemble: Ensemble, tmp_path: Path) -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(pixels).save(tmp_path / "good.png")
    Image.new("RGB", (20, 10), "white").save(tmp_path / "wide.jpg")
    found = ensemble.read([tmp_path / "good.png", tmp_path / "wide.jpg"])
    assert np.array_equal(found[0, 0], pixels)
    assert (found[1] == 255).all()
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(
        DataError, match=r"(?s)2 of 3 files cannot be used:\n  .*text.png: .*\n  .*none.png: cannot be read"
    ):
        ensemble.read([tmp_path / "text.png", tmp_path / "good.png", tmp_path / "none.png"])
    wide = replace(ensemble, shape=(1, 8, 10), look=Look(8, 10, "grey"))
    assert wide.read([tmp_path / "wide.jpg"]).shape == (1, 1, 8, 10)


def test_new_files_are_fitted_and_their_levels_spread_as_the_source_says(project: Project, tmp_path: Path) -> None:
    toys = project.settings.datasets["toys"]
    source = ImageFolderSource(
        kind="image_folder", image_size=8, mode="grey", fit="pad", depth="window", window=[0.0, 1000.0]
    )
    datasets = project.settings.datasets | {"toys": toys.model_copy(update={"source": source})}
    padding = replace(project, settings=project.settings.model_copy(update={"datasets": datasets}))
    Image.fromarray(np.full((4, 8), 500, dtype=np.uint16)).save(tmp_path / "deep.png")
    (found,) = read_ensemble(padding, "toys").read([tmp_path / "deep.png"])
    assert found[0].tolist() == [[0] * 8] * 2 + [[128] * 8] * 4 + [[0] * 8] * 2


@given(st.floats(0.2, 5.0), st.integers(0, 2**32 - 1))
def test_the_temperature_that_labels_were_drawn_at_is_found(temperature: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = 2.0 * rng.normal(size=(4000, 4))
    stated = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = at_temperature(stated, temperature)
    labels = (true.cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    assert fit_temperature(stated, labels) == pytest.approx(temperature, rel=0.25)


def test_temperatures_by_hand() -> None:
    halves = np.asarray([[0.8, 0.2]])
    assert np.allclose(at_temperature(halves, 1.0), halves)
    assert np.allclose(at_temperature(halves, 2.0), [[2 / 3, 1 / 3]])  # odds of 4 become 2
    assert np.allclose(at_temperature(halves, 0.5), [[16 / 17, 1 / 17]])
    assert fit_temperature(np.zeros((0, 2)), np.zeros(0, dtype=np.int64)) == 1.0
    # 3 of 4 right at stated odds of 9: true odds are 3, the square root.
    assert fit_temperature(np.asarray([[0.9, 0.1]] * 4), np.asarray([0, 0, 0, 1])) == pytest.approx(2.0, rel=1e-3)


def test_probabilities_are_calibrated_on_val(ensemble: Ensemble) -> None:
    of_val = ensemble.mean(ensemble.val.images)
    assert ensemble.temperature == fit_temperature(of_val, ensemble.val.labels)
    expected = at_temperature(of_val, ensemble.temperature)
    assert np.allclose(ensemble.predict(ensemble.val.images), expected, atol=1e-6)
    assert ensemble.classes == CLASSES
